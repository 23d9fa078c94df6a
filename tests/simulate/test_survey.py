"""Simulated galaxies: reproducible, photometrically exact, astrometrically exact."""

import numpy as np
import pytest
from astropy.stats import mad_std

from clumpscope.config import SimulateConfig
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import SDSS_BANDS
from clumpscope.simulate.clumps import Sources, band_fluxes, draw_clumps
from clumpscope.simulate.hosts import draw_host, paint
from clumpscope.simulate.observe import (
    draw_conditions,
    expose,
    padded_size,
    psf_images,
)
from clumpscope.simulate.survey import galaxy_rng, simulate_galaxy

CONFIG = SimulateConfig()


def source(x: float, y: float, flux: float = 1.0, sigma: float = 0.0) -> Sources:
    return Sources(
        np.array([x]),
        np.array([y]),
        np.array([sigma]),
        np.full((1, 5), flux),
        np.array([1]),
    )


def test_same_seed_and_id_same_galaxy() -> None:
    one, two = (simulate_galaxy("sim7", CONFIG, 3) for _ in range(2))
    other_seed, other_id = simulate_galaxy("sim7", CONFIG, 4), simulate_galaxy("sim8", CONFIG, 3)
    assert np.array_equal(one.image["g"].data, two.image["g"].data)
    assert one.host == two.host
    assert one.image["g"].data.shape != other_seed.image["g"].data.shape or not np.array_equal(
        one.image["g"].data, other_seed.image["g"].data
    )
    assert one.host["petro_flux_r"] != other_id.host["petro_flux_r"]


@pytest.mark.parametrize("size", [80, 81])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (3.3, -4.7)])
def test_point_source_lands_where_it_should(size: int, offset: tuple[float, float]) -> None:
    conditions = draw_conditions(np.random.default_rng(0), CONFIG)
    image = expose({}, {}, source(*offset), conditions, size, 0.396)[2]
    y, x = np.indices(image.shape)
    expected = (size - 1) / 2 + np.array(offset) / 0.396
    total = image.sum()
    assert [(image * x).sum() / total, (image * y).sum() / total] == pytest.approx(
        expected, abs=0.02
    )


def test_flux_is_conserved_in_every_band() -> None:
    rng = np.random.default_rng(5)
    host = draw_host(rng, CONFIG)
    conditions = draw_conditions(rng, CONFIG)
    maps = paint(host, padded_size(300), 0.396, rng)
    image = expose(maps, host.fluxes, source(1, 2, 7.0), conditions, 300, 0.396)
    # A little of the disk's light lies beyond the cutout.
    assert image.sum(axis=(1, 2)) == pytest.approx(host.total + 7.0, rel=0.05)


def test_host_is_centred_whatever_the_parity_of_the_cutout() -> None:
    centres = []
    for size in (120, 121):
        rng = np.random.default_rng(11)
        n = padded_size(size) * 2
        blob = np.zeros((n, n))
        blob[n // 2 - 1 : n // 2 + 1, n // 2 - 1 : n // 2 + 1] = 0.25
        conditions = draw_conditions(rng, CONFIG)
        flux = {"disk": (1.0,) * 5}
        none = source(0, 0, 0.0)
        image = expose({"disk": blob}, flux, none, conditions, size, 0.396)[1]
        y, x = np.indices(image.shape)
        centres.append(((image * x).sum() - (size - 1) / 2, (image * y).sum() - (size - 1) / 2))
    assert np.abs(centres).max() < 0.02


def test_psf_image_is_what_a_point_source_looks_like() -> None:
    conditions = draw_conditions(np.random.default_rng(2), CONFIG)
    image = expose({}, {}, source(0, 0), conditions, 81, 0.396)
    stamps = psf_images(conditions, 0.396)
    middle = image[:, 40 - 12 : 40 + 13, 40 - 12 : 40 + 13]
    assert stamps == pytest.approx(middle / middle.sum(axis=(1, 2), keepdims=True), abs=2e-4)


def test_resolved_source_is_wider_by_its_size() -> None:
    conditions = draw_conditions(np.random.default_rng(2), CONFIG)
    x = np.arange(121) - 60

    def second_moment(sigma: float) -> float:
        image = expose({}, {}, source(0, 0, 1.0, sigma), conditions, 121, 0.396)[2]
        return float((image * x**2).sum() * 0.396**2)

    assert second_moment(0.5) - second_moment(0.0) == pytest.approx(0.25, abs=0.01)


def test_noise_agrees_with_the_variance_plane() -> None:
    galaxy = simulate_galaxy("sim000003", CONFIG, 1)
    for band in SDSS_BANDS:
        plane = galaxy.image[band]
        corner = np.s_[:12, :]
        sky = mad_std(plane.data[corner] - np.median(plane.data[corner]))
        assert sky == pytest.approx(np.sqrt(np.median(plane.variance[corner])), rel=0.2)


def test_truth_pixels_and_sky_agree_and_ratios_are_of_the_host_flux() -> None:
    galaxy = next(
        g for g in (simulate_galaxy(f"t{k}", CONFIG, 1) for k in range(20)) if len(g.truth["x"]) > 1
    )
    xy = np.column_stack([galaxy.truth["x"], galaxy.truth["y"]])
    sky = native_to_sky(xy, galaxy.image.wcs)
    assert sky[:, 0] == pytest.approx(galaxy.truth["ra"])
    assert sky[:, 1] == pytest.approx(galaxy.truth["dec"])
    ratio = np.asarray(galaxy.truth["flux_u"]) / galaxy.host["petro_flux_u"]
    assert galaxy.truth["flux_ratio_u"] == pytest.approx(ratio)


def test_labels_are_boxes_of_two_fwhm_round_visible_truths() -> None:
    for k in range(12):
        galaxy = simulate_galaxy(f"l{k}", CONFIG, 1)
        nx = galaxy.image.shape[1]
        width = (np.asarray(galaxy.labels["x2"]) - np.asarray(galaxy.labels["x1"])) * nx
        fwhm = galaxy.image["r"].psf_fwhm_arcsec / galaxy.image.pixscale_arcsec
        assert width == pytest.approx(2 * fwhm)
        centre = (np.asarray(galaxy.labels["x1"]) + np.asarray(galaxy.labels["x2"])) / 2 * nx - 0.5
        clumps = np.asarray(galaxy.labels["label"]) == 1
        true_x = np.asarray(galaxy.truth["x"])[np.asarray(galaxy.truth["label"]) == 1]
        for x in centre[clumps]:
            assert np.abs(true_x - x).min() < fwhm * len(true_x)


def test_flux_ratios_stay_in_range_and_are_mostly_faint() -> None:
    rng = np.random.default_rng(0)
    ratios = []
    for k in range(200):
        host = draw_host(galaxy_rng(1, f"h{k}"), CONFIG)
        clumps = draw_clumps(rng, host, CONFIG)
        total = host.total[0] + clumps.flux[:, 0].sum()
        ratios += (clumps.flux[:, 0] / total).tolist()
    ratios = np.array(ratios)
    low, high = CONFIG.flux_ratio_u
    assert ratios.min() > 0.5 * low
    assert ratios.max() < 1.01 * high
    assert np.median(ratios) < np.sqrt(low * high)


def test_band_fluxes_have_the_colours_asked_for() -> None:
    flux = band_fluxes(np.array([2.0]), 2, np.array([[1.0, 0.5, 0.2, 0.1]]))
    assert flux[0, 2] == pytest.approx(2.0)
    assert -2.5 * np.log10(flux[0, :-1] / flux[0, 1:]) == pytest.approx([1.0, 0.5, 0.2, 0.1])
