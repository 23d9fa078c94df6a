"""The PSF of a frame from its own stars, where no psField tells it."""

from clumpscope.ops.stars import psf
from clumpscope.ops.stars.star_psf import StarPsf
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame

_PEAK_COUNTS = 14000.0  # DN; wells saturate at 50,000 to 63,000, in r of run 1043 at 16,000


def psf_from_stars(frame: CorrectedFrame) -> StarPsf:
    """Measure the PSF of a frame on its stars, those that may be saturated left out.

    Raises
    ------
    FrameError
        If fewer than three stars are found.
    """
    return psf.psf_from_stars(frame, brightest=_PEAK_COUNTS * frame.calibration)
