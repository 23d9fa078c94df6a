from dataclasses import replace

import numpy as np
import pytest

import builders
import scenes
from clumpscope.core.conditions import SDSS_NOISE_R, Conditions, image_flags
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import ColourImage, GalaxyImage, MaskBit


def test_conditions_of_calibrated_bands():
    image = scenes.galaxy(fwhm_arcsec=1.45, sky_sigma=0.05)
    found = Conditions.of(image)
    assert found.psf_fwhm_arcsec == 1.45
    assert found.pixscale_arcsec == pytest.approx(scenes.PIXSCALE, rel=1e-6)
    assert found.noise_over_sdss == pytest.approx(0.05 / scenes.PIXSCALE / SDSS_NOISE_R, rel=1e-4)


def test_noise_does_not_hang_on_the_pixel_s_size():
    """Four small pixels of half the noise are one large one."""
    fine = builders.band_image(
        wcs=builders.tan_wcs(pixscale_arcsec=0.198), variance=np.full((40, 40), 1e-4, np.float32)
    )
    coarse = builders.band_image(variance=np.full((40, 40), 4e-4, np.float32))
    noises = [Conditions.of(GalaxyImage("g", {"r": one})).noise_over_sdss for one in (fine, coarse)]
    assert noises[0] == pytest.approx(noises[1], rel=1e-4)


def test_a_picture_has_no_noise_that_is_known():
    found = Conditions.of(ColourImage("p", np.zeros((9, 9, 3), np.float32), 0.2, 1.1))
    assert (found.psf_fwhm_arcsec, found.pixscale_arcsec) == (1.1, 0.2)
    assert np.isnan(found.noise_over_sdss)


def test_without_a_wcs_nothing_is_known():
    found = Conditions.of(builders.galaxy_image(wcs=None))
    every = [found.psf_fwhm_arcsec, found.pixscale_arcsec, found.noise_over_sdss]
    assert np.isnan(every).all()


def test_without_r_the_reference_band_counts_but_for_the_noise():
    planes = {"g": 1.6, "VIS": 0.2, "HE": 0.5}
    image = GalaxyImage(
        "g", {band: builders.band_image(psf_fwhm_arcsec=width) for band, width in planes.items()}
    )
    found = Conditions.of(image)
    assert found.psf_fwhm_arcsec == 0.2
    assert found.pixscale_arcsec == pytest.approx(0.396, rel=1e-6)
    assert np.isnan(found.noise_over_sdss)


def test_pixels_off_the_frame_say_nothing_of_the_noise():
    variance = np.full((40, 40), 4e-4, np.float32)
    mask = np.zeros((40, 40), np.uint8)
    variance[:, :20], mask[:, :20] = 0, MaskBit.NO_DATA
    noises = [
        Conditions.of(GalaxyImage("g", {"r": plane})).noise_over_sdss
        for plane in (builders.band_image(), builders.band_image(variance=variance, mask=mask))
    ]
    assert noises[0] == pytest.approx(noises[1])
    nothing = builders.band_image(mask=np.full((40, 40), MaskBit.NO_DATA, np.uint8))
    assert np.isnan(Conditions.of(GalaxyImage("g", {"r": nothing})).noise_over_sdss)


def test_flags_of_an_image_are_those_of_the_bands_that_count():
    good = builders.band_image()
    image = GalaxyImage(
        "g",
        {
            "u": replace(good, psf_assumed=True),
            "g": replace(good, noise_assumed=True),
            "r": good,
        },
    )
    assert image_flags(image) == ClumpFlag.PSF_ASSUMED | ClumpFlag.NOISE_ASSUMED
    assert image_flags(image, ["u", "r"]) == ClumpFlag.PSF_ASSUMED
    assert image_flags(image, ["g"]) == ClumpFlag.NOISE_ASSUMED
    assert image_flags(image, ["r", "y"]) == 0
    bare = GalaxyImage("g", {"r": replace(good, wcs=None)})
    assert image_flags(bare) == ClumpFlag.NO_WCS


def test_flags_of_a_picture():
    pixels = np.zeros((9, 9, 3), np.float32)
    assert image_flags(ColourImage("p", pixels, 0.2, 1.1)) == ClumpFlag.NO_WCS
    assumed = ColourImage("p", pixels, 0.2, 1.1, psf_assumed=True)
    assert image_flags(assumed) == ClumpFlag.NO_WCS | ClumpFlag.PSF_ASSUMED
