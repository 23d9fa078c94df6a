"""Targets that are stars: their PSF on the sky around, what the PSF's own error makes of it."""

from dataclasses import replace

import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.stages.measure import measure

SHAPE = (81, 81)
R = MeasureConfig(bands=("r",))
NOWHERE = np.zeros(SHAPE, dtype=bool)
CENTRE = np.array([[40.2, 39.7]])
# Noise of a Gaussian's own fit on blank sky, the least that any estimate has.
LEAST = scenes.SKY_SIGMA * np.sqrt(4 * np.pi) * scenes.FWHM_PX / np.sqrt(8 * np.log(2))


def star(flux, xy=CENTRE, seed=1, noise=True, fwhm_arcsec=scenes.FWHM):
    return scenes.galaxy(
        shape=SHAPE,
        xy=xy,
        flux=flux,
        host_flux=0,
        bands=("r",),
        noise=noise,
        seed=seed,
        fwhm_arcsec=fwhm_arcsec,
    )


def test_a_faint_star_has_the_error_of_its_psf_and_not_of_an_aperture_and_a_ring():
    true, found = 12 * LEAST, []
    for seed in range(80):
        one = measure(star(true, seed=seed), CENTRE, R, NOWHERE, star=True)
        found.append((one.flux[0, 0], one.flux_err[0, 0]))
    flux, error = np.array(found).T
    assert LEAST < np.median(error) < 1.25 * LEAST
    pulls = (flux - true) / error
    assert 0.8 < pulls.std() < 1.2
    assert abs(pulls.mean()) < 0.3


@pytest.mark.parametrize(("wider", "off"), [(1.0, 0.0), (1.04, 0.0), (1.0, 0.4), (1.03, 0.3)])
def test_a_bright_star_keeps_its_flux_where_psf_and_place_are_a_little_wrong(wider, off):
    true = 1000 * LEAST
    image = star(true, fwhm_arcsec=wider * scenes.FWHM, noise=False)
    image = replace(image, bands={"r": replace(image["r"], psf_fwhm_arcsec=scenes.FWHM)})
    found = measure(image, CENTRE + [off, 0.0], R, NOWHERE, star=True)
    assert found.flux[0, 0] == pytest.approx(true, rel=0.01)
    assert 0.005 * true < found.flux_err[0, 0] < 0.015 * true


def test_the_sky_is_that_around_the_star_and_what_it_holds_does_not_count():
    true = 100 * LEAST
    alone = measure(star(true), CENTRE, R, NOWHERE, star=True)
    other = star([true, true], np.vstack([CENTRE, [[60.0, 50.0]]]))
    beside = measure(other, CENTRE, R, NOWHERE, star=True)
    assert beside.flux == pytest.approx(alone.flux, rel=0.003)
    assert abs(alone.background[0, 0]) < 0.1 * scenes.SKY_SIGMA
    assert np.isnan(alone.aperture_correction).all()


def test_other_positions_are_measured_as_around_any_clump():
    xy = np.vstack([CENTRE, [[55.0, 52.0]]])
    image = star([50 * LEAST, 20 * LEAST], xy)
    found = measure(image, xy, R, NOWHERE, star=True)
    rings = measure(image, xy, R, NOWHERE, star=False)
    assert found.flux[1] == pytest.approx(rings.flux[1], rel=0.01)
    assert found.flux_err[1] == pytest.approx(rings.flux_err[1], rel=0.05)
    assert found.flux_err[0] < 0.9 * rings.flux_err[0]
    assert (found.flags & int(ClumpFlag.HOST_IS_STAR) > 0).all()
    off = measure(image, xy[1:], R, NOWHERE, star=True)  # not the target
    alone = measure(image, xy[1:], R, NOWHERE, star=False)
    assert np.array_equal(off.flux, alone.flux)


def test_where_there_is_no_sky_a_star_is_measured_as_any_clump():
    xy, shape = np.array([[12.0, 12.0]]), (25, 25)
    image = scenes.galaxy(shape=shape, xy=xy, flux=50 * LEAST, host_flux=0, bands=("r",))
    nowhere = np.zeros(shape, dtype=bool)
    found = measure(image, xy, R, nowhere, star=True)
    rings = measure(image, xy, R, nowhere, star=False)
    assert found.flux == pytest.approx(rings.flux, rel=1e-9)
    assert found.flux_err == pytest.approx(rings.flux_err, rel=1e-9)
    assert found.aperture_correction == pytest.approx(rings.aperture_correction, rel=1e-9)
