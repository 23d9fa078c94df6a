"""The planes of a band as HDUs: as they are, or several times smaller."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import BandImage
from clumpscope.store.fits_bytes import Cards, image_hdu
from clumpscope.store.fits_tiles import packed_hdu, quantisable, quantised_hdu

_LOW = 5  # per cent: steps are told from nearly the deepest pixels
_OF_NOISE = 1 / 8  # adds (1/8)^2 / 12 to the variance: 0.13 %
_OF_VARIANCE = 1 / 50  # each pixel's error is right to 0.5 %, those of apertures far better
_OF_PEAK = 2.0**-14  # of a PSF, whose sum stays 1 to 3e-4


def plain_planes(band: str, plane: BandImage, cards: Cards) -> list[bytes]:
    """HDUs of a band, its variance, and where there are such its mask and PSF."""
    parts = [
        image_hdu(plane.data.astype(np.float32), band, cards),
        image_hdu(plane.variance.astype(np.float32), f"{band}_VAR", {}),
    ]
    if plane.mask.any():
        parts.append(image_hdu(plane.mask.astype(np.uint8), f"{band}_MASK", {}))
    if plane.psf is not None:
        parts.append(image_hdu(plane.psf.astype(np.float32), f"{band}_PSF", {}))
    return parts


def quantised_planes(band: str, plane: BandImage, cards: Cards) -> list[bytes]:
    """Return `plain_planes` in compressed tiles, those of numbers in steps.

    A step of the data is an eighth of the noise, one of the variance a fiftieth of it, both of
    nearly the deepest pixels. A plane that cannot be so written, as of a variance of 0, stays
    as it is.
    """
    seen = plane.variance[np.isfinite(plane.variance) & (plane.variance > 0)]
    least = float(np.percentile(seen, _LOW)) if seen.size else 0.0
    parts = [
        _in_steps(plane.data, band, cards, _OF_NOISE * float(np.sqrt(least))),
        _in_steps(plane.variance, f"{band}_VAR", {}, _OF_VARIANCE * least),
    ]
    if plane.mask.any():
        parts.append(packed_hdu(plane.mask.astype(np.uint8), f"{band}_MASK", {}))
    if plane.psf is not None:
        step = _OF_PEAK * float(np.max(plane.psf))
        parts.append(_in_steps(plane.psf, f"{band}_PSF", {}, step))
    return parts


def _in_steps(plane: NDArray[np.floating], name: str, cards: Cards, step: float) -> bytes:
    data = plane.astype(np.float32)
    if not quantisable(data, step):
        return image_hdu(data, name, cards)
    return quantised_hdu(data, name, cards, step)
