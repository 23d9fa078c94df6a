"""A sample: a folder of galaxies with a host table, and, where known, truth and labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config import DetectConfig
from clumpscope.core.galaxy import ColourImage, GalaxyImage, check_galaxy_id
from clumpscope.core.records import HOSTS, LABELS, TRUTH, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import ImageError, StoreError, TableError, expected_got
from clumpscope.store.images import PICTURES, read_galaxy, read_picture
from clumpscope.store.manifest import sha256_json
from clumpscope.store.tables import read_records

SUFFIXES = (".fits", *PICTURES)


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
        if not folder.is_dir():
            raise StoreError(f"sample {folder}: no such folder")
        table = folder / "hosts.parquet"
        images = folder / "images" if (folder / "images").is_dir() else folder
        if table.is_file():
            hosts = read_records(table, HOSTS, required=("galaxy_id",))
            ids = check_ids([str(galaxy_id) for galaxy_id in hosts["galaxy_id"]], table)
            if not ids:
                raise TableError(expected_got(table, "at least one galaxy", "an empty table"))
        else:
            found = sorted(
                path
                for path in images.iterdir()
                if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
            )
            if not found:
                raise StoreError(
                    expected_got(f"sample {folder}", f"images ({' '.join(SUFFIXES)})", "none")
                )
            ids = check_ids([path.stem for path in found], images)
            hosts = record_table(HOSTS, {"galaxy_id": ids})
        return cls(folder, hosts, tuple(_image_path(images, galaxy_id) for galaxy_id in ids))

    @property
    def ids(self) -> list[str]:
        """Galaxy ids in order."""
        return [str(galaxy_id) for galaxy_id in self.hosts["galaxy_id"]]

    def __len__(self) -> int:
        return len(self.paths)

    def fingerprint(self) -> str:
        """Hash of the ids and of each image's size: which sample this is, cheaply."""
        sizes = [path.stat().st_size if path.exists() else -1 for path in self.paths]
        return sha256_json([self.ids, sizes])

    def host(self, index: int, name: str) -> float:
        """Return a number of the host table, in its own unit."""
        return float(plain(self.hosts, name)[index])

    def read(self, index: int, config: DetectConfig) -> GalaxyImage | ColourImage:
        """Read one galaxy's image.

        Raises
        ------
        ImageError
            If its file is missing or unusable.
        """
        path = self.paths[index]
        psf_fwhm = self.host(index, "psf_fwhm_r")
        known = bool(np.isfinite(psf_fwhm) and psf_fwhm > 0)
        if path.suffix.lower() in PICTURES:
            pixscale = self.host(index, "pixscale_arcsec")
            return read_picture(
                path,
                pixscale if np.isfinite(pixscale) else config.default_pixscale_arcsec,
                psf_fwhm if known else config.default_psf_fwhm_arcsec,
                psf_assumed=not known,
            )
        return read_galaxy(
            path, default_psf_fwhm_arcsec=psf_fwhm if known else config.default_psf_fwhm_arcsec
        )

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
        return read_records(
            self.folder / "labels.parquet",
            LABELS,
            required=("galaxy_id", "label", "x1", "y1", "x2", "y2"),
        )


def read_truth(path: Path) -> QTable:
    """Read a truth table.

    Raises
    ------
    StoreError, TableError
        If it is missing or lacks a column.
    """
    return read_records(
        path, TRUTH, required=("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u")
    )


def _image_path(images: Path, galaxy_id: str) -> Path:
    for suffix in SUFFIXES:
        for spelling in (suffix, suffix.upper()):
            path = images / f"{galaxy_id}{spelling}"
            if path.exists():
                return path
    return images / f"{galaxy_id}.fits"


def require_galaxy(image: GalaxyImage | ColourImage) -> GalaxyImage:
    """Return ``image`` if it can be measured.

    Raises
    ------
    ImageError
        If it is a bare colour picture.
    """
    if isinstance(image, ColourImage):
        raise ImageError(
            expected_got(image.galaxy_id, "calibrated bands to measure", "a colour picture")
        )
    return image
