import numpy as np
import pytest
from photutils.aperture import CircularAnnulus, CircularAperture, aperture_photometry

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import gaussian_correction, measure

SHAPE = (60, 60)
CENTRE = np.array([[30.2, 29.6]])
R = MeasureConfig(bands=("r",))
NOWHERE = np.zeros(SHAPE, dtype=bool)
CIRCLE = CircularAperture(CENTRE, 1.125 * scenes.FWHM_PX)
RING = CircularAnnulus(CENTRE, 1.5 * scenes.FWHM_PX, 2.5 * scenes.FWHM_PX)


def flat(**kwargs):
    return scenes.galaxy(
        shape=SHAPE, xy=CENTRE, flux=10.0, host_flux=0, bands=("r",), level=0.3, **kwargs
    )


def ring_values(data):
    return RING.to_mask(method="center")[0].get_values(data)


def test_flux_is_the_aperture_s_over_the_median_of_the_ring():
    """Against photutils' own photometry of the same circle and ring."""
    image = flat(seed=3)
    found = measure(image, CENTRE, R, NOWHERE)
    data = image["r"].data.astype(float)
    total = aperture_photometry(data, CIRCLE)["aperture_sum"][0]
    expected = gaussian_correction(1.125) * (total - np.median(ring_values(data)) * CIRCLE.area)
    assert found.published_flux[0, 0] == pytest.approx(expected)


def test_error_is_that_of_a_weighted_sum_and_a_median():
    found = measure(flat(), CENTRE, R, NOWHERE)
    weights = CIRCLE.to_mask(method="exact")[0].data
    n = len(ring_values(np.zeros(SHAPE)))
    variance = (weights**2).sum() + weights.sum() ** 2 * np.pi / 2 / n
    expected = gaussian_correction(1.125) * scenes.SKY_SIGMA * np.sqrt(variance)
    assert found.published_flux_err[0, 0] == pytest.approx(expected, rel=1e-5)


def test_on_a_steep_disk_it_fakes_flux():
    """+47 % at one scale length for FWHM/h = 0.45, face-on, where ours has no bias."""
    shape, h = (121, 121), scenes.FWHM_PX / 0.45
    xy = np.array([[60 + h, 60.0]])
    image = scenes.galaxy(
        shape=shape, xy=xy, flux=3.0, host_flux=100.0, scale_px=h, bands=("r",), noise=False
    )
    found = measure(image, xy, R, galaxy_outline(image, RefineConfig()))
    assert found.published_flux[0, 0] / 3 > 1.3
    assert found.flux[0, 0] / 3 == pytest.approx(1, abs=0.03)


def test_off_the_data_there_is_no_flux():
    found = measure(flat(), np.array([[-30.0, 30.0]]), R, NOWHERE)
    assert np.isnan(found.published_flux).all()
    assert np.isnan(found.published_flux_err).all()
