"""What clumps would cost, told before anything is made for them."""

from math import pi

import pytest

from builders import galaxy_image
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.run import MeasureConfig
from clumpscope.errors import ImageError
from clumpscope.ops.cost import check_boxes, check_measured
from clumpscope.ops.host import psf_fwhm_px


def test_as_many_boxes_as_allowed_and_one_more():
    check_boxes("boxes", 500, LimitsConfig())
    with pytest.raises(
        ImageError, match=r"^boxes: expected at most 500 \(\[limits\] boxes\), got 5"
    ):
        check_boxes("boxes", 501, LimitsConfig())


def test_clumps_apart_take_their_circles_and_many_the_whole_image():
    image = galaxy_image(bands="gr")
    widest = max(psf_fwhm_px(image, band) for band in "gr")
    circle = pi * (2.5 * widest) ** 2
    for count, pixels in ((2, 4 * circle), (30, 30 * 40 * 40)):
        check_measured(image, count, MeasureConfig(), LimitsConfig(measured_px=int(pixels) + 1))
        with pytest.raises(ImageError, match=rf"\(\[limits\] measured_px\), got .* for {count} cl"):
            check_measured(image, count, MeasureConfig(), LimitsConfig(measured_px=int(pixels) - 1))
    check_measured(image, 0, MeasureConfig(), LimitsConfig(measured_px=1))
    check_measured(image, 99, MeasureConfig(bands=("z",)), LimitsConfig(measured_px=1))
