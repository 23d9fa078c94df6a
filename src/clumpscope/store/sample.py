"""A sample: a folder of galaxies with a host table, and, where known, truth and labels."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.config.run import SampleConfig
from clumpscope.core.bands import bands_of, in_order
from clumpscope.core.galaxy import (
    AnyImage,
    ColourImage,
    check_bands,
    check_galaxy_id,
    check_galaxy_ids,
)
from clumpscope.core.grid import Grid
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import FolderError, ImageError, TableError, did_you_mean, expected_got
from clumpscope.ops.stars import starred, with_stars
from clumpscope.store.band_hdus import sky_place
from clumpscope.store.band_names import bands_of_file
from clumpscope.store.confined import inside
from clumpscope.store.disk import is_folder
from clumpscope.store.image_sizes import check_psf_width
from clumpscope.store.images import read_galaxy, read_grid
from clumpscope.store.labels import read_labels
from clumpscope.store.manifest import sha256_file, sha256_json
from clumpscope.store.pictures import PICTURES, picture_shape, read_picture
from clumpscope.store.stars import STARS, read_stars, stars_of
from clumpscope.store.tables import read_records
from clumpscope.store.truth import read_truth

SUFFIXES = (".fits", *PICTURES)
_ASSUMED = SampleConfig()


def check_ids(ids: list[str], where: object) -> list[str]:
    """Return ``ids`` if each is safe and none repeats.

    Raises
    ------
    TableError
        Otherwise.
    """
    seen: set[str] = set()
    for galaxy_id in ids:
        check_galaxy_id(galaxy_id)
        if galaxy_id in seen:
            raise TableError(expected_got(f"{where}: galaxy_id", "each once", f"{galaxy_id} twice"))
        seen.add(galaxy_id)
    return ids


@dataclass(frozen=True, eq=False)
class Sample:
    """An opened sample.

    Attributes
    ----------
    folder
        The sample directory, or a bare folder of images.
    hosts
        Host table, one row a galaxy, in the order of the file.
    paths
        Image of each galaxy of ``hosts``.
    """

    folder: Path
    hosts: QTable
    paths: tuple[Path, ...]

    @classmethod
    def open(cls, folder: Path) -> "Sample":
        """Open a sample directory or a bare folder of FITS, PNG or JPEG images.

        Raises
        ------
        StoreError
            If the folder is missing or holds no image.
        TableError
            If the host table is empty, lacks ``galaxy_id`` or repeats or endangers an id.
        """
        if not is_folder(folder):
            raise FolderError(f"sample {folder}: no such folder")
        table = folder / "hosts.parquet"
        images = folder / "images" if (folder / "images").is_dir() else folder
        found = _images(images)
        if table.exists() or table.is_symlink():  # a pipe of that name is an error, too
            hosts = read_records(table, HOSTS, required=("galaxy_id",))
            ids = check_ids([str(galaxy_id) for galaxy_id in hosts["galaxy_id"]], table)
            if not ids:
                raise TableError(expected_got(table, "at least one galaxy", "an empty table"))
            if "host_id" in hosts.colnames:
                check_galaxy_ids(filter(None, map(str, hosts["host_id"])), f"{table}: host_id")
            # Of several files of one galaxy the first kind of SUFFIXES counts.
            found.sort(key=lambda path: SUFFIXES.index(path.suffix.lower()), reverse=True)
        else:
            if not found:
                raise FolderError(
                    expected_got(f"sample {folder}", f"images ({' '.join(SUFFIXES)})", "none")
                )
            ids = check_ids([path.stem for path in found], images)
            hosts = record_table(HOSTS, {"galaxy_id": ids})
        place = {path.stem: path for path in found}
        paths = (place.get(one) or inside(images, f"{one}.fits") for one in ids)
        return cls(folder, hosts, tuple(paths))

    @property
    def ids(self) -> list[str]:
        """Galaxy ids in order."""
        return [str(galaxy_id) for galaxy_id in self.hosts["galaxy_id"]]

    @property
    def host_ids(self) -> list[str]:
        """Galaxy whose image each was made from: another one for injections, else itself."""
        if "host_id" not in self.hosts.colnames:
            return self.ids
        known = (str(host) for host in self.hosts["host_id"])
        return [host or own for host, own in zip(known, self.ids, strict=True)]

    @property
    def pictures(self) -> bool:
        """Whether it holds colour pictures and nothing else."""
        return all(map(self.is_picture, range(len(self))))

    def is_picture(self, index: int) -> bool:
        """Whether a galaxy's image is a colour picture, whose rows run down."""
        return self.paths[index].suffix.lower() in PICTURES

    def __len__(self) -> int:
        return len(self.paths)

    def index(self, galaxy_id: str) -> int:
        """Row of a galaxy in the host table.

        Raises
        ------
        TableError
            If there is none; the message names those with similar ids.
        """
        ids = self.ids
        if galaxy_id in ids:
            return ids.index(galaxy_id)
        known = f"one of the {len(ids)} of sample {self.folder}"
        raise TableError(expected_got("galaxy", known, galaxy_id, did_you_mean(galaxy_id, ids)))

    def part(self, rows: Sequence[int]) -> "Sample":
        """Only the galaxies of some rows."""
        return Sample(self.folder, self.hosts[list(rows)], tuple(self.paths[k] for k in rows))

    def fingerprint(self) -> str:
        """Hash of the host table and of each image's size and time."""
        tables = (self.folder / name for name in ("hosts.parquet", STARS))
        hosts = [sha256_file(table) if table.is_file() else "" for table in tables]
        states = [path.stat() if path.exists() else None for path in self.paths]
        marks = [(state.st_size, state.st_mtime_ns) if state else None for state in states]
        return sha256_json([self.ids, hosts, marks])

    def content_hash(self) -> str:
        """Hash of what the host and truth tables say, flags apart, numbers to five digits.

        Unlike `fingerprint` it does not depend on times and library versions; but on the
        processor, whose vector functions may differ in the last digit.

        Raises
        ------
        StoreError, TableError
            If there is no truth.
        """
        columns = {
            f"{kind}.{name}": [_digits(value) for value in plain(table, name)]
            for kind, table in (("hosts", self.hosts), ("truth", self.truth()))
            for name in table.colnames
            if name != "flags"
        }
        return sha256_json(columns)

    def host(self, index: int, name: str) -> float:
        """Return a number of the host table, in its own unit."""
        return float(plain(self.hosts, name)[index])

    def galaxy(
        self, galaxy_id: str, config: SampleConfig = _ASSUMED, limits: LimitsConfig = LIMITS
    ) -> AnyImage:
        """Read the image of the galaxy of that id, stars taken out; see `read_starred`.

        Raises
        ------
        TableError
            If the sample has no such galaxy.
        ImageError
            If its file is missing or unusable.
        """
        return self.read_starred(self.index(galaxy_id), config, limits)

    def read(
        self, index: int, config: SampleConfig = _ASSUMED, limits: LimitsConfig = LIMITS
    ) -> AnyImage:
        """Read one galaxy's image.

        Of the host's position, and of what the image does not say itself (PSF widths; the
        scale of a picture), the host table is asked first, and then the recipe.

        Raises
        ------
        ImageError
            If its file is missing, unusable or exceeds the limits, or the host's position is
            no place on the sky.
        """
        path = self.paths[index]
        place = self._place(index)
        default_psf = config.psf_fwhm_arcsec
        if not self.is_picture(index):
            image = read_galaxy(
                path,
                psf_fwhm_arcsec=self._widths(index),
                default_psf_fwhm_arcsec=default_psf,
                limits=limits,
            )
            return image if place is None else replace(image, ra=place[0], dec=place[1])
        psf_fwhm = self._known(index, "psf_fwhm_r")
        fwhm = psf_fwhm or default_psf
        picture = read_picture(path, config.pixscale_arcsec, fwhm, psf_assumed=True, limits=limits)
        pixscale = self._pixscale(index, picture.shape)
        if pixscale is None:
            picture = replace(picture, pixscale_assumed=True)
        else:
            picture = replace(picture, pixscale_arcsec=pixscale, psf_assumed=psf_fwhm is None)
        check_psf_width(str(path), fwhm, picture.pixscale_arcsec, limits)
        return picture

    def read_starred(
        self, index: int, config: SampleConfig = _ASSUMED, limits: LimitsConfig = LIMITS
    ) -> AnyImage:
        """Read one galaxy's image, its field's stars taken out; see `read`.

        Stars are those of the sample's ``stars.parquet``, or without one, those found in the
        image itself; see `clumpscope.ops.stars.with_stars`.

        Raises
        ------
        ImageError
            As `read`.
        StoreError, TableError
            If the table of stars cannot be used.
        """
        image = self.read(index, config, limits)
        if isinstance(image, ColourImage):
            return image
        if self._stars is None:
            return starred(image)
        table, rows = self._stars
        return with_stars(image, stars_of(table[rows.get(image.galaxy_id, [])]))

    @cached_property
    def _stars(self) -> tuple[QTable, dict[str, NDArray[np.intp]]] | None:
        """The table of stars and each galaxy's rows of it; ``None`` where there is none."""
        path = self.folder / STARS
        if not path.exists():
            return None
        table = read_stars(path)
        return table, rows_by_id(table)

    def bands(self, limits: LimitsConfig = LIMITS) -> tuple[str, ...]:
        """Bands of all its images together, by their headers, bluest first.

        Files that cannot be read have none, nor have pictures.

        Raises
        ------
        ImageError
            If two differ by case alone.
        """
        found: dict[str, None] = {}
        for index, path in enumerate(self.paths):
            if not self.is_picture(index):
                with suppress(ImageError, OSError):
                    found |= dict.fromkeys(bands_of_file(path, limits))
        check_bands(found, f"sample {self.folder}")
        return in_order(found)

    def grid(self, index: int, config: SampleConfig, limits: LimitsConfig = LIMITS) -> Grid:
        """Read one galaxy's pixel grid from its image's headers; see `read`.

        Raises
        ------
        ImageError
            If its file is missing, or its headers are unusable.
        """
        path = self.paths[index]
        if not self.is_picture(index):
            return read_grid(path, self._widths(index), config.psf_fwhm_arcsec, limits)
        shape = picture_shape(path, limits)
        fwhm = self._known(index, "psf_fwhm_r") or config.psf_fwhm_arcsec
        pixscale = self._pixscale(index, shape) or config.pixscale_arcsec
        check_psf_width(str(path), fwhm, pixscale, limits)
        return Grid(shape, psf_fwhm_px=fwhm / pixscale)

    def _place(self, index: int) -> tuple[float, float] | None:
        """The host's position after the host table, degrees; ``None`` where it has not both."""
        place = self.host(index, "ra"), self.host(index, "dec")
        return None if np.isnan(place).any() else sky_place(*place, "hosts.parquet")

    def _widths(self, index: int) -> dict[str, float]:
        """PSF-FWHM of the bands of which the host table has it, arcsec."""
        bands = bands_of(self.hosts.colnames, "psf_fwhm")
        widths = {band: self._known(index, f"psf_fwhm_{band}") for band in bands}
        return {band: width for band, width in widths.items() if width is not None}

    def _pixscale(self, index: int, shape: tuple[int, int]) -> float | None:
        """Pixel side of a picture after the host table, arcsec."""
        field = self._known(index, "field_arcsec")
        return self._known(index, "pixscale_arcsec") or (field and field / max(shape))

    def _known(self, index: int, name: str) -> float | None:
        """Return a positive number of the host table, or ``None``."""
        value = self.host(index, name)
        return value if np.isfinite(value) and value > 0 else None

    def truth(self) -> QTable:
        """Read the truth table.

        Raises
        ------
        StoreError, TableError
            If it is missing or lacks a column.
        """
        return read_truth(self.folder / "truth.parquet")

    def labels(self) -> QTable:
        """Read the training boxes.

        Raises
        ------
        StoreError, TableError
            If they are missing or lack a column.
        """
        return read_labels(self.folder)


def _digits(value: object) -> str:
    return f"{value:.4e}" if isinstance(value, float) else str(value)


def _images(folder: Path) -> list[Path]:
    """Images of a folder, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
