"""Compressed FITS images as bytes: one tile, quantised, as astropy and cfitsio read them.

FITS standard 4.0, section 10; its steps are dithered, so that sums of pixels stay right.
"""

import gzip
from functools import cache

import numpy as np
from numpy.typing import NDArray

from clumpscope.store.fits_bytes import Cards, table_hdu

_RANDOM = 10_000  # numbers of the standard's sequence (its appendix I)
_SEED = 1
_ZERO = -2_147_483_646  # stands for exactly 0
_MOST = 2**30  # steps


@cache
def _sequence() -> NDArray[np.float64]:
    """The standard's random numbers: Park and Miller's."""
    state, numbers = 1, []
    for _ in range(_RANDOM):
        state = 16807 * state % 2147483647
        numbers.append(state / 2147483647)
    return np.array(numbers, dtype=np.float32).astype(float)


def _dither(size: int) -> NDArray[np.float64]:
    """Of each pixel of a tile, the first of its image."""
    numbers, seed = _sequence(), _SEED - 1
    parts: list[NDArray[np.float64]] = []
    missing = size
    while missing > 0:
        start = int(numbers[seed] * 500)
        parts.append(numbers[start : start + missing])
        missing -= len(parts[-1])
        seed = (seed + 1) % _RANDOM
    return np.concatenate(parts) if parts else np.empty(0)


def quantisable(data: NDArray[np.floating], step: float) -> bool:
    """Whether `quantised_hdu` can write an image in such steps."""
    if not (np.isfinite(step) and step > 0 and np.isfinite(data).all()):
        return False
    return float(np.abs(data).max(initial=0.0)) < _MOST * step


def quantised_hdu(data: NDArray[np.float32], name: str, cards: Cards, step: float) -> bytes:
    """A (ny, nx) image in whole ``step`` s, dithered (SUBTRACTIVE_DITHER_2); zeros stay zeros.

    Each pixel is off by half a step at most, evenly: it gains a noise of 0.29 step.
    """
    values = data.astype(float).ravel()
    # Counted from the least, so that nearly all high bytes are 0 and pack well.
    zero = float(values.min()) - step
    steps = np.floor((values - zero) / step + _dither(values.size))
    whole = np.where(values == 0, _ZERO, steps).astype(">i4")
    # GZIP_2: bytes of the same weight lie together.
    shuffled = whole.view(np.uint8).reshape(-1, 4).T.tobytes()
    extra: Cards = {"ZQUANTIZ": "SUBTRACTIVE_DITHER_2", "ZDITHER0": _SEED}
    return _tile(data.shape, -32, "GZIP_2", shuffled, name, {**extra, **cards}, (step, zero))


def packed_hdu(data: NDArray[np.uint8], name: str, cards: Cards) -> bytes:
    """A (ny, nx) image of uint8 as it is."""
    return _tile(data.shape, 8, "GZIP_1", data.tobytes(), name, cards)


def _tile(
    shape: tuple[int, ...],
    bitpix: int,
    kind: str,
    content: bytes,
    name: str,
    cards: Cards,
    scale: tuple[float, float] | None = None,
) -> bytes:
    packed = gzip.compress(content, 6, mtime=0)
    ny, nx = shape
    columns = [("COMPRESSED_DATA", f"1PB({len(packed)})")]
    row = np.array([len(packed), 0], dtype=">i4").tobytes()
    if scale is not None:
        columns += [("ZSCALE", "1D"), ("ZZERO", "1D")]
        row += np.array(scale, dtype=">f8").tobytes()
    image: Cards = {
        "ZIMAGE": True,
        "ZTENSION": "IMAGE",
        "ZBITPIX": bitpix,
        "ZNAXIS": 2,
        "ZNAXIS1": nx,
        "ZNAXIS2": ny,
        "ZTILE1": nx,
        "ZTILE2": ny,
        "ZPCOUNT": 0,
        "ZGCOUNT": 1,
        "ZCMPTYPE": kind,
        "EXTNAME": name,
        **cards,
    }
    return table_hdu(columns, row, packed, image)
