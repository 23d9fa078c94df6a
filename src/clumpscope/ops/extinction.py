"""Galactic extinction from the dust maps of Schlegel, Finkbeiner & Davis (1998)."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sfdmap2 import sfdmap

from clumpscope.core.bands import band_info
from clumpscope.errors import RecipeError, expected_got
from clumpscope.files.regular import regular

_MOST_MB = 200.0  # of a map, which has 67
MAP_FILES = ("SFD_dust_4096_ngp.fits", "SFD_dust_4096_sgp.fits")


def extinction(ebv: ArrayLike, bands: Sequence[str]) -> NDArray[np.float64]:
    """Extinction in magnitudes.

    Parameters
    ----------
    ebv
        (N,) unscaled SFD98 E(B-V), mag.

    Returns
    -------
    (N, B); NaN where E(B-V) is NaN or the band has no coefficient.
    """
    coefficients = np.array([band_info(band).extinction for band in bands])
    magnitudes: NDArray[np.float64] = np.asarray(ebv, dtype=float)[:, None] * coefficients
    return magnitudes


def _state(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """Size and time of each map that is there."""
    files = (folder / name for name in MAP_FILES)
    there = [file if file.exists() else None for file in files]
    states = [file and regular(file, RecipeError, _MOST_MB).stat() for file in there]
    return tuple((state.st_size, state.st_mtime_ns) if state else None for state in states)


@lru_cache(maxsize=4)
def _maps(folder: Path, state: object) -> sfdmap.SFDMap:  # noqa: ARG001  (it makes a change seen)
    # sfdmap2 scales by 0.86 unless told otherwise; our coefficients belong to the unscaled map.
    return sfdmap.SFDMap(str(folder), scaling=1.0)


def ebv(ra: ArrayLike, dec: ArrayLike, map_dir: Path) -> NDArray[np.float64]:
    """Unscaled SFD98 E(B-V) at sky positions, bilinear; a process reads maps once as they are.

    Parameters
    ----------
    ra, dec
        (N,) ICRS, degrees; what is no position gives NaN.
    map_dir
        Folder of ``SFD_dust_4096_ngp.fits`` and ``SFD_dust_4096_sgp.fits``; only the
        hemispheres that are asked for are read.

    Returns
    -------
    (N,) magnitudes.

    Raises
    ------
    RecipeError
        If a map that is needed is missing or damaged.
    """
    radec = np.stack([np.atleast_1d(np.asarray(value, dtype=float)) for value in (ra, dec)])
    known = np.isfinite(radec).all(axis=0) & (np.abs(radec[1]) <= 90)
    result = np.full(radec.shape[1], np.nan)
    folder = Path(map_dir).expanduser()
    if known.any():
        try:
            result[known] = _maps(folder, _state(folder)).ebv(*radec[:, known])
        except FileNotFoundError as error:
            raise RecipeError(
                expected_got(f"dust_map {map_dir}", " and ".join(MAP_FILES), error)
            ) from error
        except (OSError, KeyError, TypeError) as error:
            raise RecipeError(f"dust_map {map_dir}: not a dust map: {error}") from error
    return result
