"""Sharp images as worse seeing would have them."""

from dataclasses import replace

import numpy as np
import pytest

import scenes
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.blurred import blurred
from clumpscope.ops.psf import adaptive_fwhm_px


def point():
    """A star and nothing else, in every band."""
    return scenes.galaxy(shape=(91, 91), xy=[[45, 45]], flux=1.0, host_flux=0.0, noise=False)


@pytest.mark.parametrize("fwhm_px", [5.0, 9.0])
def test_a_point_is_as_wide_as_asked_and_keeps_its_light(fwhm_px):
    image = point()
    seen = blurred(image, "gr", fwhm_px)
    for band in "gr":
        middle = seen[band].data[25:66, 25:66]
        assert adaptive_fwhm_px(middle) == pytest.approx(fwhm_px, rel=0.01)
        assert seen[band].data.sum() == pytest.approx(1, abs=1e-3)
    assert seen["i"] is image["i"]


def test_what_is_as_wide_already_stays():
    image = point()
    same, brighter = (blurred(image, "gri", 1.0, factor)["r"] for factor in (1.0, 4.0))
    np.testing.assert_array_equal(same.data, image["r"].data)
    np.testing.assert_array_equal(brighter.data, 4 * image["r"].data)


def test_bad_pixels_count_for_nothing():
    image = point()
    mask = image["r"].mask.copy()
    mask[:, 60:] = MaskBit.NO_DATA
    data = np.where(mask > 0, np.nan, 3.0).astype(np.float32)
    data[10, 10], mask[10, 10] = 1e6, MaskBit.COSMIC_RAY
    plane = replace(image["r"], data=data, mask=mask)
    seen = blurred(replace(image, bands={**image.bands, "r": plane}), "r", 6.0)["r"]
    np.testing.assert_allclose(seen.data[:, :60], 3, rtol=1e-5)
    assert (seen.data[:, -5:] == 0).all()
    np.testing.assert_array_equal(seen.mask, mask)
