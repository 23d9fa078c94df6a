"""What a galaxy's clumps would cost, before anything is made for them."""

import math

from clumpscope.config.limits import LimitsConfig
from clumpscope.config.run import MeasureConfig
from clumpscope.core.bands import measurable
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import psf_fwhm_px


def check_boxes(what: str, count: int, limits: LimitsConfig) -> None:
    """Check how many boxes or positions one image has.

    Raises
    ------
    ImageError
        If there are more than allowed.
    """
    if count > limits.boxes:
        raise ImageError(expected_got(what, f"at most {limits.boxes} ([limits] boxes)", count))


def check_measured(
    image: GalaxyImage, count: int, config: MeasureConfig, limits: LimitsConfig
) -> None:
    """Check what the photometry of ``count`` clumps would take.

    Every clump has a weight in every pixel around any of them: arrays are of n clumps times p
    pixels, and p is at most n circles as wide as the background's ring, or the whole image.

    Raises
    ------
    ImageError
        If that is more than allowed, or the image has no WCS.
    """
    widest = max(
        (psf_fwhm_px(image, band) for band in measurable(config.bands, image.bands)), default=0
    )
    circle = math.pi * (config.annulus_fwhm[1] * widest) ** 2
    pixels = count * min(count * circle, math.prod(image.shape))
    if pixels > limits.measured_px:
        raise ImageError(
            expected_got(
                f"{image.galaxy_id}: pixels around the clumps, times clumps",
                f"at most {limits.measured_px} ([limits] measured_px)",
                f"{pixels:.3g} for {count} clumps and a PSF-FWHM of {widest:.3g} px",
            )
        )
