"""How people are shown galaxies of other bands."""

from dataclasses import replace

import numpy as np
import pytest

import scenes
from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import colour
from clumpscope.core.galaxy import ColourImage
from clumpscope.ops.in_colour import in_colour

CONFIG = CompositeConfig()


def test_where_there_are_the_composite_s_bands_it_is_the_composite():
    image = scenes.galaxy(xy=[[45, 60]], bands=("g", "r", "i", "VIS"))
    np.testing.assert_array_equal(in_colour(image, CONFIG), colour(image, CONFIG))
    picture = ColourImage("p", np.zeros((5, 5, 3), np.float32), 0.4, 1.3)
    assert in_colour(picture, CONFIG) is picture.pixels


def test_smaller_pixels_are_shown_as_bright():
    wcs = scenes.make_wcs((100, 100), scenes.PIXSCALE / 2)
    fine = scenes.galaxy(xy=[[45, 60]], wcs=wcs)
    bands = {
        band: replace(plane, data=plane.data * np.float32(4)) for band, plane in fine.bands.items()
    }
    shown = colour(replace(fine, bands=bands), CONFIG)
    np.testing.assert_allclose(in_colour(fine, CONFIG), shown, atol=1e-4)
    assert shown.mean() > 1.2 * colour(fine, CONFIG).mean()


def test_else_red_is_the_reddest_and_blue_the_bluest():
    flux = {"HE": [50.0, 0.0], "YE": [0.0, 0.0], "VIS": [0.0, 50.0]}
    image = scenes.galaxy(
        xy=[[25, 50], [75, 50]], flux=flux, host_flux=0, bands=("HE", "YE", "VIS")
    )
    shown = in_colour(image, CONFIG)
    assert shown.shape == (100, 100, 3)
    assert np.argmax(shown[50, 25]) == 0
    assert np.argmax(shown[50, 75]) == 2


@pytest.mark.parametrize("bands", [("VIS",), ("g", "VIS"), ("g", "z", "YE", "HE", "JE")])
def test_any_number_of_bands_is_shown_and_fluxes_of_any_size(bands):
    image = scenes.galaxy(xy=[[45, 60]], bands=bands)
    shown = in_colour(image, CONFIG)
    assert 0 <= shown.min() < 0.2 < shown.max() <= 1
    planes = {
        band: type(plane)(
            plane.data / 100, plane.variance / 1e4, plane.mask, plane.wcs, plane.psf_fwhm_arcsec
        )
        for band, plane in image.bands.items()
    }
    faint = in_colour(type(image)(image.galaxy_id, planes), CONFIG)
    np.testing.assert_allclose(faint, shown, atol=1e-3)
