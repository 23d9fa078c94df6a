"""A picture's bands: the stretch undone."""

import numpy as np
import pytest

import scenes
from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import colour
from clumpscope.core.galaxy import ColourImage
from clumpscope.ops.unstretched import unstretched


@pytest.mark.parametrize("config", [CompositeConfig(), CompositeConfig(stretch=0.5, softening=10)])
def test_the_light_of_a_composite_comes_back(config):
    fluxes = {"g": 3.0, "r": 6.0, "i": 9.0}
    image = scenes.galaxy(
        bands=("g", "r", "i"), xy=[[40, 60]], flux=fluxes, host_flux=200, scale_px=6.0
    )
    pixels = np.rint(colour(image, config) * 255).astype(np.float32) / 255
    picture = ColourImage("p", pixels, scenes.PIXSCALE, scenes.FWHM)
    found = unstretched(picture, config)
    assert found.pixscale_arcsec == pytest.approx(scenes.PIXSCALE)
    assert found["r"].psf_fwhm_arcsec == scenes.FWHM
    there = (image["g"].data > 5 * scenes.SKY_SIGMA) & (pixels.max(axis=2) < 0.95)
    assert there.sum() > 200
    for band in ("g", "r", "i"):
        ratio = found[band].data[there] / image[band].data[there]
        assert np.median(ratio) == pytest.approx(1, abs=0.02)
        assert ratio.std() < 0.05
        sky = np.sqrt(np.median(found[band].variance))
        assert 0.3 * scenes.SKY_SIGMA < sky < 2 * scenes.SKY_SIGMA
