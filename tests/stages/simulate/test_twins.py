"""Twins: the same light, wider and coarser, at the same places of the sky."""

import numpy as np
import pytest

from clumpscope.config.simulate import ObserveConfig, SimulateConfig
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.errors import ImageError
from clumpscope.ops.psf import adaptive_fwhm_px, gaussian_psf
from clumpscope.stages.simulate.twins import twin
from scenes import make_wcs, point_sources

FINE, COARSE = 0.168, 0.396
XY = np.array([[150.0, 151.0], [95.3, 201.6], [220.7, 88.2]])
FLUX = np.array([50.0, 8.0, 20.0])
BANDS = ("u", "g", "r", "i", "z")
CALM = SimulateConfig(
    artefacts={"saturation": False, "trail": 0, "cosmic_ray": 0, "shift": 0},
    observe=ObserveConfig(sky_residual=0.0, noise_factor=(1e-3, 1e-3), psf_ellipticity=0.0),
)
SHAPE = (301, 301)


def deep(bands=BANDS):
    """Three stars in fine seeing."""
    wcs = make_wcs(SHAPE, FINE, rotation_deg=30.0)
    fwhm_px = 0.6 / FINE
    data = point_sources(SHAPE, XY, FLUX, fwhm_px).astype(np.float32)
    plane = BandImage(
        data,
        np.full(SHAPE, 1e-6, np.float32),
        np.zeros(SHAPE, np.uint8),
        wcs,
        0.6,
        gaussian_psf(fwhm_px),
    )
    ra, dec = native_to_sky([[150, 150]], wcs)[0]
    return GalaxyImage("g1", dict.fromkeys(bands, plane), float(ra), float(dec))


HOST = {"galaxy_id": "g1", "petro_flux_u": 100.0, "petro_r90_arcsec": 8.0, "redshift": 0.05}
KNOWN = {
    "x": XY[:, 0],
    "y": XY[:, 1],
    "label": np.array([1, 1, 2]),
    **{f"flux_{band}": FLUX for band in BANDS},
}


@pytest.fixture(scope="module")
def made():
    return twin(deep(), HOST, KNOWN, CALM, 3)


def test_pixels_are_the_survey_s_and_the_sky_the_same(made):
    image = made.image
    assert image.pixscale_arcsec == pytest.approx(COARSE, rel=1e-4)
    assert image.shape == (127, 127)
    assert (image.ra, image.dec) == (deep().ra, deep().dec)
    sky = native_to_sky(np.column_stack([made.truth["x"], made.truth["y"]]), image.wcs)
    np.testing.assert_allclose(sky, native_to_sky(XY, deep().wcs), atol=1e-3 / 3600)
    np.testing.assert_allclose(made.truth["flux_ratio_u"], FLUX / 100)


def test_each_source_keeps_its_light_and_its_place_in_the_new_seeing(made):
    for band in BANDS:
        plane = made.image[band]
        for x, y, flux in zip(made.truth["x"], made.truth["y"], FLUX, strict=True):
            col, row = round(x), round(y)
            part = (slice(row - 15, row + 16), slice(col - 15, col + 16))
            light = plane.data[part].astype(float)
            # All but what lies in the halo of the new PSF, as in its own image.
            assert light.sum() == pytest.approx(flux, rel=0.02)
            rows, cols = np.indices(light.shape) - 15
            weight = np.exp(-(rows**2 + cols**2) / 18) * light
            assert (weight * cols).sum() / weight.sum() == pytest.approx(x - col, abs=0.12)
        width = adaptive_fwhm_px(plane.data[64 - 15 : 64 + 16, 63 - 15 : 63 + 16]) * COARSE
        assert width == pytest.approx(plane.psf_fwhm_arcsec, rel=0.02)
        assert 0.9 < plane.psf_fwhm_arcsec < 2.3


def test_the_same_seed_gives_the_same_and_another_another_night(made):
    again, other = twin(deep(), HOST, KNOWN, CALM, 3), twin(deep(), HOST, KNOWN, CALM, 4)
    np.testing.assert_array_equal(made.image["r"].data, again.image["r"].data)
    assert made.image["r"].psf_fwhm_arcsec != other.image["r"].psf_fwhm_arcsec


def test_the_row_says_what_the_new_image_is(made):
    assert made.host["redshift"] == 0.05
    assert made.host["psf_fwhm_r"] == made.image["r"].psf_fwhm_arcsec
    assert made.host["field_arcsec"] == pytest.approx(127 * COARSE, rel=1e-4)


def test_without_truth_there_are_no_sources():
    made = twin(deep(), HOST, None, CALM, 3)
    assert len(made.truth["x"]) == len(made.labels["label"]) == 0


def test_what_is_no_deeper_survey_is_refused():
    with pytest.raises(ImageError, match="expected bands u g r i z, got no \\['u', 'z'\\]"):
        twin(deep(("g", "r", "i")), HOST, KNOWN, CALM, 3)
    coarse = CALM.model_copy(update={"observe": ObserveConfig(pixscale_arcsec=0.1)})
    with pytest.raises(ImageError, match="pixels smaller than 0.1 arcsec"):
        twin(deep(), HOST, KNOWN, coarse, 3)
