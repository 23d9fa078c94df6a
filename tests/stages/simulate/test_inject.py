"""Injection: flux, place, width and noise of what is put into an image."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.stats import mad_std

from clumpscope.config.run import RefineConfig
from clumpscope.config.simulate import ClumpsConfig, SimulateConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.errors import ImageError
from clumpscope.stages.simulate.inject import added_light, electrons_per_nmgy, inject, with_light
from clumpscope.stages.simulate.survey import simulate_galaxy

NO_CLUMPS = SimulateConfig(
    clumps=ClumpsConfig(clumpless_share=1.0),
    artefacts={"saturation": False, "trail": 0, "cosmic_ray": 0, "shift": 0},
)
REFINE = RefineConfig()
MANY = SimulateConfig(clumps=ClumpsConfig(clumpless_share=0.0, mean=12.0))


@pytest.fixture(scope="module")
def host():
    return next(
        g
        for g in (simulate_galaxy(f"h{k}", NO_CLUMPS, 1) for k in range(9))
        if g.image.shape[0] > 90
    )


@pytest.fixture(scope="module")
def injected(host):
    return inject(host.image, host.host, MANY, REFINE, 3)


def test_same_seed_and_host_same_clumps(host, injected):
    again, other = (inject(host.image, host.host, MANY, REFINE, seed) for seed in (3, 4))
    assert np.array_equal(again.image["u"].data, injected.image["u"].data)
    assert list(again.truth["x"]) == list(injected.truth["x"])
    assert not np.array_equal(other.image["u"].data, injected.image["u"].data)


def test_light_is_added_as_the_truth_says(host, injected):
    assert len(injected.truth["x"]) > 4
    for band in SDSS_BANDS:
        added = injected.image[band].data.astype(float) - host.image[band].data
        flux = np.sum(injected.truth[f"flux_{band}"])
        gain = electrons_per_nmgy(host.image[band])
        assert added.sum() == pytest.approx(flux, abs=5 * np.sqrt(flux / gain) + 0.02 * flux)
        assert injected.host[f"petro_flux_{band}"] == pytest.approx(
            host.host[f"petro_flux_{band}"] + flux
        )


def test_ratios_are_of_the_host_with_the_new_clumps(injected):
    ratio = np.asarray(injected.truth["flux_u"]) / injected.host["petro_flux_u"]
    assert injected.truth["flux_ratio_u"] == pytest.approx(ratio)
    low, high = MANY.clumps.flux_ratio_u
    assert low * 0.99 <= ratio.min()
    assert ratio.max() <= high


def test_a_point_is_the_psf_image_where_it_belongs(host):
    image, plane = host.image, host.image["g"]
    on_pixel = added_light(image, "g", np.array([2.0]), np.zeros(1), np.array([[50.0, 41.0]]))
    half = plane.psf.shape[0] // 2
    stamp = on_pixel[41 - half : 41 + half + 1, 50 - half : 50 + half + 1]
    assert stamp == pytest.approx(2 * plane.psf, abs=1e-6)
    between = added_light(image, "g", np.array([2.0]), np.zeros(1), np.array([[45.3, 41.8]]))
    rows, cols = np.indices(between.shape)
    assert between.sum() == pytest.approx(2, rel=1e-3)
    centre = np.array([(between * cols).sum(), (between * rows).sum()]) / between.sum()
    offset = np.array([(plane.psf * i).sum() for i in np.indices(plane.psf.shape)[::-1]]) - half
    assert centre - offset == pytest.approx([45.3, 41.8], abs=0.03)


def test_at_the_edge_the_rest_is_cut_off(host):
    light = added_light(host.image, "g", np.ones(1), np.zeros(1), np.array([[-0.4, 10.0]]))
    assert 0.3 < light.sum() < 0.7


def test_without_a_psf_image_a_gaussian_of_its_width_is_used(host):
    plane, scale = replace(host.image["r"], psf=None), host.image.pixscale_arcsec
    image = replace(host.image, bands={"r": plane})
    light = added_light(image, "r", np.ones(1), np.zeros(1), np.array([[45.0, 45.0]]))
    peak = 1 / (2 * np.pi * (plane.psf_fwhm_arcsec / scale / 2.3548) ** 2)
    assert light.max() == pytest.approx(peak, rel=0.06)


def test_gain_is_read_off_the_variance(host):
    """The variance plane was made with gain over calibration; noise blurs the regression a bit."""
    for band, expected in zip(SDSS_BANDS, (162, 997, 925, 725, 148), strict=True):
        assert electrons_per_nmgy(host.image[band]) == pytest.approx(expected, rel=0.3)
    flat = replace(host.image["r"], variance=np.ones_like(host.image["r"].variance))
    assert electrons_per_nmgy(flat) == 0


def test_photon_noise_is_poisson_and_in_the_variance(host):
    plane = host.image["g"]
    light = np.full(plane.data.shape, 0.5)
    rng = np.random.default_rng(0)
    changed = with_light(rng, plane, light)
    noise = changed.data.astype(float) - plane.data - light
    extra = changed.variance.astype(float) - plane.variance
    assert mad_std(noise) ** 2 == pytest.approx(extra.mean(), rel=0.1)
    assert extra == pytest.approx(0.5 / electrons_per_nmgy(plane), rel=1e-3)


def test_clumps_are_denser_inside(host):
    """Within half of R90 a uniform density over the outline would put far fewer."""
    inner, total = 0, 0
    for seed in range(12):
        truth = inject(host.image, host.host, MANY, REFINE, seed).truth
        middle = (host.image.shape[0] - 1) / 2
        radius = np.hypot(np.asarray(truth["x"]) - middle, np.asarray(truth["y"]) - middle)
        radius *= host.image.pixscale_arcsec / host.host["petro_r90_arcsec"]
        inner, total = inner + np.sum(radius < 0.5), total + np.sum(radius < 1)
    assert inner / total > 0.35


def test_what_cannot_take_clumps_says_so(host):
    bands = {name: plane for name, plane in host.image.bands.items() if name != "z"}
    with pytest.raises(ImageError, match=r"expected bands u g r i z, got no \['z'\]"):
        inject(replace(host.image, bands=bands), host.host, MANY, REFINE, 1)
    blank = {
        name: replace(
            plane,
            data=np.random.default_rng(0).normal(0, 0.02, plane.data.shape).astype(np.float32),
        )
        for name, plane in host.image.bands.items()
    }
    with pytest.raises(ImageError, match="room for clumps"):
        inject(replace(host.image, bands=blank), host.host, MANY, REFINE, 1)


def test_the_outline_is_that_of_the_recipe(host):
    """Clumps lie inside it, so a higher cut brings them nearer to the centre."""
    reach = []
    for sigma in (0.5, 20.0):
        truth = inject(host.image, host.host, MANY, RefineConfig(outline_sigma=sigma), 3).truth
        middle = (host.image.shape[0] - 1) / 2
        reach.append(np.hypot(truth["x"] - middle, truth["y"] - middle).max())
    assert reach[1] < 0.7 * reach[0]


def test_bands_are_those_of_which_the_host_has_a_flux(host):
    """A sixth band is injected into if the host table has it, else left out."""
    image = replace(host.image, bands={**host.image.bands, "y": host.image["z"]})
    assert list(inject(image, host.host, MANY, REFINE, 3).image.bands) == list("ugriz")
    made = inject(image, {**host.host, "petro_flux_y": 50.0}, MANY, REFINE, 3)
    assert list(made.image.bands) == list("ugrizy")
    assert made.host["petro_flux_y"] == pytest.approx(50.0 + made.truth["flux_y"].sum())
    added = made.image["y"].data.astype(float) - image["y"].data
    assert added.sum() == pytest.approx(made.truth["flux_y"].sum(), rel=0.1)


def test_bands_between_those_of_sdss_do_not_take_their_place(host):
    """Clumps are drawn in the first band and labelled by the next two: u, g and r, whatever."""
    image = host.image
    between = replace(image, bands={**image.bands, "F435W": image["g"], "VIS": image["i"]})
    row = {"galaxy_id": image.galaxy_id}
    row |= {f"petro_flux_{b}": host.host[f"petro_flux_{b}"] for b in ("u", "g", "r", "i", "z")}
    row |= {"petro_flux_F435W": row["petro_flux_g"], "petro_flux_VIS": row["petro_flux_i"]}
    row = {name: row[name] for name in sorted(row)}
    row |= {name: value for name, value in host.host.items() if name not in row}
    alone, beside = (
        inject(one, of, MANY, REFINE, 3) for one, of in ((image, host.host), (between, row))
    )
    assert list(beside.image.bands) == ["u", "g", "r", "F435W", "VIS", "i", "z"]
    for band in SDSS_BANDS:
        assert beside.truth[f"flux_{band}"] == pytest.approx(alone.truth[f"flux_{band}"])
    blue, between, red = (beside.truth[f"flux_{band}"] for band in ("u", "F435W", "g"))
    assert np.all((between - blue) * (between - red) <= 0)
    assert beside.truth["flux_ratio_u"] == pytest.approx(alone.truth["flux_ratio_u"])
