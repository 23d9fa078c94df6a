import numpy as np
import pytest

import builders
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.errors import ImageError
from clumpscope.ops.host import host_centre, psf_fwhm_px

PICTURE = ColourImage("p", np.zeros((30, 40, 3), np.float32), 0.25, 1.5)


def test_width_is_of_the_band_asked_for_else_of_the_reference_or_the_picture():
    widths = {"u": 1.6, "i": 1.1, "z": 1.0}
    image = GalaxyImage("g", {b: builders.band_image(psf_fwhm_arcsec=w) for b, w in widths.items()})
    assert psf_fwhm_px(image, "u") == pytest.approx(1.6 / 0.396)
    assert psf_fwhm_px(image) == pytest.approx(1.1 / 0.396)
    assert psf_fwhm_px(PICTURE) == psf_fwhm_px(PICTURE, "r") == 6
    with pytest.raises(ImageError, match="expected band r, got bands u, i, z"):
        psf_fwhm_px(image, "r")


def test_the_middle_is_the_centre_where_the_sky_says_nothing():
    assert host_centre(PICTURE).tolist() == [19.5, 14.5]
    bare = builders.galaxy_image(shape=(30, 41), wcs=None)
    assert host_centre(bare).tolist() == [20, 14.5]
