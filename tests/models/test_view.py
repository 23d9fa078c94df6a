"""What a model sees of bands and of pictures."""

from dataclasses import replace

import numpy as np
import pytest

import scenes
from clumpscope.config.run import DetectConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.composite import Composite, brightness_factor, colour
from clumpscope.core.galaxy import ColourImage
from clumpscope.errors import ImageError
from clumpscope.models.spec import DetectorSpec, Native, Psf
from clumpscope.models.view import as_other_bands, view
from clumpscope.ops.blurred import blurred
from clumpscope.ops.stack import BandStack

NATIVE = DetectorSpec(name="n", architecture=Native())
STACK = StackConfig(bands=("g", "r", "i"), fwhm_px=2.5)
PSF = DetectorSpec(name="p", architecture=Psf(stack=STACK))
AS_SDSS = DetectConfig(as_sdss=True)


def test_each_family_sees_bands_its_own_way():
    image = scenes.galaxy(xy=[[45, 60]])
    assert (NATIVE.channels_in, PSF.channels_in) == (3, 9)
    seen = view(image, NATIVE)
    assert isinstance(seen, Composite)
    assert seen.config == NATIVE.view == NATIVE.composite
    stack = view(image, PSF)
    assert isinstance(stack, BandStack)
    assert stack.config == PSF.view == STACK
    assert len(stack.pixels) == 9


def test_a_picture_is_seen_by_both_at_the_same_place():
    image = scenes.galaxy(xy=[[45, 60]], flux=30.0)
    picture = ColourImage("p", colour(image, NATIVE.composite), scenes.PIXSCALE, scenes.FWHM)
    assert isinstance(view(picture, NATIVE), Composite)
    there, bands = view(picture, PSF), view(image, PSF)
    for seen in (there, bands):
        assert isinstance(seen, BandStack)
        x, y = seen.frame.native_to_composite([[45, 60]])[0]
        window = seen.light[1, int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4]
        there = np.unravel_index(np.argmax(window), window.shape)
        np.testing.assert_allclose(there, 3, atol=1)


BANDS = {"all": "ugriz", "some": "gr", "none": ("VIS", "HE")}


@pytest.mark.parametrize(
    ("spec", "bands", "message"),
    [
        (
            NATIVE,
            "some",
            "g1 for model n: expected all of bands i r g, got g r; --model clump",
        ),
        (NATIVE, "none", "expected all of bands i r g, got VIS HE; no packaged model takes them"),
        (PSF, "none", "g1 for model p: expected one of bands g r i, got VIS HE; no packaged model"),
    ],
)
def test_an_image_that_a_model_cannot_see_is_told_so(spec, bands, message):
    image = scenes.galaxy(bands=BANDS[bands])
    assert not spec.takes(image.bands)
    with pytest.raises(ImageError, match=message):
        view(image, spec)


def test_a_stack_takes_any_of_its_bands():
    image = scenes.galaxy(bands=BANDS["some"])
    assert PSF.takes(image.bands)
    stack = view(image, PSF)
    assert np.isfinite(stack.light).any(axis=(1, 2)).tolist() == [True, True, False]


def test_a_band_may_pass_for_one_that_the_model_knows():
    image = scenes.galaxy(xy=[[45, 60]])
    space = replace(image, bands={"F115W": image["g"], "r": image["r"]})
    with pytest.raises(ImageError, match="expected all of bands i r g, got F115W r"):
        view(space, NATIVE)
    seen = view(space, PSF, DetectConfig(stands_for=(("F115W", "g"), ("VIS", "i"))))
    own = view(replace(image, bands={"g": image["g"], "r": image["r"]}), PSF)
    assert np.array_equal(seen.light, own.light, equal_nan=True)
    # What the image has itself is not replaced.
    assert as_other_bands(image, (("z", "g"),)) is image


def test_images_of_small_pixels_are_seen_as_sdss_would_have_them():
    wcs = scenes.make_wcs((100, 100), scenes.PIXSCALE / 2)
    # 100 px become 400: a FWHM of 8.3 px there is one of 2.1 native ones.
    sharp, wide = (
        scenes.galaxy(xy=[[45, 60]], fwhm_arcsec=width * scenes.PIXSCALE, wcs=wcs)
        for width in (0.6, 2.0)
    )
    assert brightness_factor(sharp) == pytest.approx(4, rel=1e-4)
    for image in (sharp, wide):
        seen = view(image, NATIVE, AS_SDSS)
        wanted = blurred(image, "irg", 2.075, brightness_factor(image))
        np.testing.assert_array_equal(seen.pixels, view(wanted, NATIVE).pixels)
        assert np.abs(seen.pixels - view(image, NATIVE).pixels).max() > 0.1


def test_sdss_and_models_that_see_the_psf_s_scale_have_no_need_of_that():
    own = scenes.galaxy(xy=[[45, 60]], fwhm_arcsec=1.2 * scenes.PIXSCALE)
    fine = scenes.galaxy(xy=[[45, 60]], wcs=scenes.make_wcs((100, 100), scenes.PIXSCALE / 2))
    assert brightness_factor(own) == 1
    for image, spec in ((own, NATIVE), (fine, PSF)):
        np.testing.assert_array_equal(view(image, spec, AS_SDSS).pixels, view(image, spec).pixels)
