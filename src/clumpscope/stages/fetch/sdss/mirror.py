"""A local mirror of SDSS corrected frames: which fields it holds and where they lie."""

import io
import re
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.cards import number
from clumpscope.core.grid import flaw_of
from clumpscope.errors import FrameError, expected_got
from clumpscope.files.fits_headers import MOST_BYTES
from clumpscope.files.fits_headers import read_header as first_header
from clumpscope.files.unpacked import opened
from clumpscope.ops.footprint import Footprint, best_of
from clumpscope.stages.fetch.sdss.archive import MOST_MB

GRID_BAND = "r"  # whose pixels are kept
_FRAME = re.compile(r"frame-([ugriz])-(\d{6})-([1-6])-(\d{4})\.fits?(\.bz2)?")
_PSFIELD = re.compile(r"psField-(\d{6})-([1-6])-(\d{4})\.fits?")
_PHOTOFIELD = re.compile(r"photoField-(\d{6})-([1-6])\.fits?")


class FieldKey(NamedTuple):
    """One SDSS field."""

    run: int
    camcol: int
    field: int

    def __str__(self) -> str:
        return f"{self.run}-{self.camcol}-{self.field}"


@dataclass(frozen=True, eq=False)
class Mirror:
    """What a folder holds.

    Attributes
    ----------
    folder
        The mirror, searched recursively.
    frames
        Field → band → file.
    footprints
        Field → where it lies; only fields whose r frame has a readable header.
    psfields
        Field → psField file.
    photofields
        (run, camcol) → photoField file.
    unreadable
        r frames whose header could not be read, with the reason.
    """

    folder: Path
    frames: dict[FieldKey, dict[str, Path]]
    footprints: dict[FieldKey, Footprint]
    psfields: dict[FieldKey, Path] = field(default_factory=dict)
    photofields: dict[tuple[int, int], Path] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)

    def only(self, key: FieldKey) -> "Mirror":
        """What it holds of one field."""
        run = key[:2]
        return Mirror(
            self.folder,
            {key: self.frames[key]},
            {key: self.footprints[key]},
            {key: self.psfields[key]} if key in self.psfields else {},
            {run: self.photofields[run]} if run in self.photofields else {},
        )

    def best_fields(
        self, ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> list[FieldKey | str]:
        """For each position the field that holds it best, else why there is none.

        Best is farthest from the edges, among fields with all five bands if there are any.
        """
        # A field without all bands is kept for a message of its own.
        rank = {
            key: 0.0 if set(SDSS_BANDS) <= set(self.frames[key]) else -1e6 for key in self.frames
        }
        keys = best_of(
            {key: self.footprints[key] for key in sorted(self.footprints)}, ra, dec, rank
        )
        return [
            key
            if key is not None
            else expected_got(
                "target",
                f"a position on a frame of {self.folder}",
                f"ra {a:.6f}, dec {d:.6f} off all {len(self.footprints)} fields",
            )
            for key, a, d in zip(keys, ra, dec, strict=True)
        ]


def open_mirror(folder: Path) -> Mirror:
    """Index a mirror: file names of all, headers of the r frames only.

    A compressed frame is read just as far as its first header. Where two files are of one
    frame, the first by path is taken.

    Raises
    ------
    FrameError
        If the folder is missing, holds no r frame, or no r frame is readable.
    """
    if not folder.is_dir():
        raise FrameError(expected_got(f"mirror {folder}", "a folder of SDSS frames", "no folder"))
    mirror = Mirror(folder, {}, {})
    for path in _files(folder):
        if match := _FRAME.fullmatch(path.name):
            key = FieldKey(*(int(group) for group in match.groups()[1:4]))
            mirror.frames.setdefault(key, {}).setdefault(match[1], path)
        elif match := _PSFIELD.fullmatch(path.name):
            mirror.psfields.setdefault(FieldKey(*(int(g) for g in match.groups())), path)
        elif match := _PHOTOFIELD.fullmatch(path.name):
            mirror.photofields.setdefault((int(match[1]), int(match[2])), path)
    grids = {key: bands[GRID_BAND] for key, bands in mirror.frames.items() if GRID_BAND in bands}
    if not grids:
        raise FrameError(
            expected_got(
                f"mirror {folder}",
                "files frame-r-RRRRRR-C-FFFF.fits or .fits.bz2",
                f"{sum(len(bands) for bands in mirror.frames.values())} frames, none in r",
            )
        )
    for key, path in sorted(grids.items()):
        try:
            header = read_header(path)
            ny, nx = (number(header, key, path, FrameError) for key in ("NAXIS2", "NAXIS1"))
            shape = int(ny), int(nx)
            mirror.footprints[key] = Footprint(shape, frame_wcs(header, path))
        except (FrameError, KeyError, ValueError) as error:
            mirror.unreadable[path] = str(error)
    if not mirror.footprints:
        path, reason = next(iter(mirror.unreadable.items()))
        raise FrameError(f"mirror {folder}: no r frame is readable; the first: {reason or path}")
    return mirror


def _files(folder: Path) -> Iterable[Path]:
    # Temporary and hidden files of a download in progress are no part of the mirror.
    return sorted(p for p in folder.rglob("*") if not p.name.startswith(".") and p.is_file())


def read_header(path: Path) -> fits.Header:
    """First header of a frame, unpacking no more than it needs.

    Raises
    ------
    FrameError
        If the file cannot be read or is truncated in its header.
    """
    try:
        with opened(path, FrameError, MOST_MB) as stream:
            content = io.BytesIO(first_header(stream, MOST_BYTES, path, FrameError))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VerifyWarning)
            header: fits.Header = fits.Header.fromfile(content)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FrameError(f"{path}: truncated or not a FITS frame: {error}") from error
    if "NAXIS1" not in header or "NAXIS2" not in header:
        raise FrameError(expected_got(path, "an image in the first HDU", "none"))
    return header


def frame_wcs(header: fits.Header, path: Path) -> WCS:
    """Tangent-plane WCS of a frame, made of its own keywords only.

    Raises
    ------
    FrameError
        If a keyword is missing or it is not a tangent projection.
    """
    try:
        kinds = [str(header[key]).strip() for key in ("CTYPE1", "CTYPE2")]
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = kinds
        wcs.wcs.crval = [number(header, key, path, FrameError) for key in ("CRVAL1", "CRVAL2")]
        wcs.wcs.crpix = [number(header, key, path, FrameError) for key in ("CRPIX1", "CRPIX2")]
        wcs.wcs.cd = [
            [number(header, f"CD{i}_{j}", path, FrameError) for j in (1, 2)] for i in (1, 2)
        ]
        wcs.wcs.radesys = "ICRS"
        wcs.wcs.set()
    except KeyError as error:
        raise FrameError(expected_got(f"{path} WCS", "CTYPE, CRVAL, CRPIX and CD", error)) from None
    except (ValueError, TypeError) as error:
        raise FrameError(f"{path}: WCS cannot be used: {error}") from error
    if not wcs.has_celestial or not all(kind.endswith("-TAN") for kind in kinds):
        raise FrameError(expected_got(f"{path} CTYPE", "RA---TAN and DEC--TAN", kinds))
    if flaw := flaw_of(wcs):
        raise FrameError(expected_got(f"{path} WCS", "one that can be used", flaw))
    return wcs
