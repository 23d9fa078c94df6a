"""A field of a survey, band by band: pixels, mask and PSF."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LocalPsf:
    """PSF at one place: image (k, k) of sum 1, FWHM in pixels, and whether it was assumed."""

    image: NDArray[np.float32]
    fwhm_px: float
    assumed: bool


class Psf(Protocol):
    """The PSF of a frame, which may change over it."""

    def at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based.

        Raises
        ------
        FrameError
            If it has no width there.
        """
        ...


@dataclass(frozen=True, eq=False)
class Frame:
    """Calibrated pixels of one band of one field.

    Attributes
    ----------
    path
        Its file.
    band
        Name of the band.
    data
        (ny, nx) nanomaggy, sky-subtracted.
    variance
        (ny, nx) nanomaggy squared.
    wcs
        Celestial WCS.
    """

    path: Path
    band: str
    data: NDArray[np.float32]
    variance: NDArray[np.float32]
    wcs: WCS


@dataclass(frozen=True, eq=False)
class Band:
    """One band of a field, made ready for cutouts.

    Attributes
    ----------
    frame
        The frame; cosmic rays replaced by their surroundings' median and pixels without data
        by 0, so that interpolation does not spread them.
    mask
        (ny, nx) uint8 of `MaskBit`: where that was done, and saturation.
    psf
        Of the frame.
    noise_assumed
        True if the variance is an estimate from the frame's own blank sky.
    """

    frame: Frame
    mask: NDArray[np.uint8]
    psf: Psf
    noise_assumed: bool = False
