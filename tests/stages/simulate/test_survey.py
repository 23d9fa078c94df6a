"""Simulated galaxies: reproducible, consistent, and as noisy as SDSS."""

import numpy as np
import pytest
from astropy.stats import mad_std

from clumpscope.config.recipe import load_recipe
from clumpscope.config.simulate import SimulateConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.stages.simulate.survey import simulate_galaxy
from places import RECIPES

CONFIG = SimulateConfig()
# Blank-sky scatter of the three shared frames, nmgy a pixel, mean over the frames.
FRAME_NOISE = (0.0417, 0.0161, 0.0260, 0.0451, 0.1784)


@pytest.fixture(scope="module")
def galaxies():
    return [simulate_galaxy(f"t{k}", CONFIG, 1) for k in range(40)]


def test_same_seed_and_id_same_galaxy():
    one, two = (simulate_galaxy("sim7", CONFIG, 3) for _ in range(2))
    other_seed, other_id = simulate_galaxy("sim7", CONFIG, 4), simulate_galaxy("sim8", CONFIG, 3)
    for band in SDSS_BANDS:
        assert np.array_equal(one.image[band].data, two.image[band].data)
    assert one.host == two.host
    assert one.host["petro_flux_r"] != other_seed.host["petro_flux_r"]
    assert one.host["petro_flux_r"] != other_id.host["petro_flux_r"]


def test_truth_agrees_with_the_image_s_wcs_and_the_host_table(galaxies):
    for galaxy in galaxies:
        xy = np.column_stack([galaxy.truth["x"], galaxy.truth["y"]])
        sky = native_to_sky(xy, galaxy.image.wcs)
        assert sky[:, 0] == pytest.approx(galaxy.truth["ra"])
        assert sky[:, 1] == pytest.approx(galaxy.truth["dec"])
        ratio = np.asarray(galaxy.truth["flux_u"]) / galaxy.host["petro_flux_u"]
        assert galaxy.truth["flux_ratio_u"] == pytest.approx(ratio)


def test_the_host_is_in_the_middle_pixel(galaxies):
    for galaxy in galaxies:
        xy = sky_to_native([[galaxy.image.ra, galaxy.image.dec]], galaxy.image.wcs)[0]
        assert np.abs(xy - (galaxy.image.shape[0] - 1) / 2).max() <= 0.5 + 1e-6


def test_a_cutout_is_six_r90_wide(galaxies):
    ratio = [g.host["field_arcsec"] / g.host["petro_r90_arcsec"] for g in galaxies]
    assert np.median(ratio) == pytest.approx(6, abs=0.4)
    assert all(g.image.shape[0] % 2 == 1 for g in galaxies)


def test_the_brightest_clump_stands_out_at_its_place():
    """A 20 % clump in u: the residual from a 180 degree rotation peaks at the truth's pixel."""
    clumps = CONFIG.clumps.model_copy(update={"flux_ratio_u": (0.19, 0.2), "clumpless_share": 0.0})
    config = CONFIG.model_copy(update={"clumps": clumps})
    hits = []
    for k in range(40):
        galaxy = simulate_galaxy(f"b{k}", config, 2)
        normal = np.asarray(galaxy.truth["label"]) == 1
        if not normal.any():
            continue
        data = galaxy.image["u"].data
        rest = data - data[::-1, ::-1]
        row, col = np.unravel_index(np.argmax(rest), rest.shape)
        x, y = (np.asarray(galaxy.truth[name])[normal] for name in ("x", "y"))
        hits.append(np.hypot(x - col, y - row).min() < 2.5)
    assert len(hits) > 10
    assert np.mean(hits) > 0.7


@pytest.mark.parametrize("k", range(5))
def test_blank_sky_is_as_noisy_as_the_shared_frames(galaxies, k):
    """Within 15 %; resampling takes some from a pixel's noise in all bands but r."""
    band = SDSS_BANDS[k]
    sky = np.median([np.sqrt(np.median(g.image[band].variance)) for g in galaxies])
    assert sky == pytest.approx(FRAME_NOISE[k], rel=0.15)


def test_noise_agrees_with_the_variance_plane(galaxies):
    ratios = []
    for galaxy in galaxies:
        plane = galaxy.image["r"]
        corner = np.concatenate([plane.data[:8].ravel(), plane.data[-8:].ravel()])
        noise = np.concatenate([plane.variance[:8].ravel(), plane.variance[-8:].ravel()])
        ratios.append(mad_std(corner) / np.sqrt(np.median(noise)))
    assert np.median(ratios) == pytest.approx(1, abs=0.05)


def test_hsc_is_sharper_deeper_and_finer():
    config = load_recipe(RECIPES / "hsc.toml").simulate
    galaxy = simulate_galaxy("t1", config, 1)
    assert galaxy.image.pixscale_arcsec == pytest.approx(0.168)
    assert galaxy.image["r"].psf_fwhm_arcsec < 0.9
    area = 4 * np.pi * (galaxy.image["g"].psf_fwhm_arcsec / 0.168 / 2.3548) ** 2
    depth = 22.5 - 2.5 * np.log10(5 * np.sqrt(area * np.median(galaxy.image["g"].variance)))
    assert 26 < depth < 28
    assert list(galaxy.image.bands) == list("ugrizy")
    noise = {b: np.median(galaxy.image[b].variance) for b in "zy"}
    assert 2.5 * np.log10(np.sqrt(noise["y"] / noise["z"])) == pytest.approx(1, abs=0.4)


def test_the_sdss_preset_is_the_default():
    assert load_recipe(RECIPES / "sdss.toml").simulate == CONFIG
