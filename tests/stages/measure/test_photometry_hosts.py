"""Photometry of clumps on a host: its light modelled, blends taken apart, bands with gaps."""

from dataclasses import replace

import numpy as np
import pytest
from photutils.aperture import CircularAperture, aperture_photometry
from scipy.ndimage import convolve

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import measure

R = MeasureConfig(bands=("r",))
DISK_SHAPE = (121, 121)


def changed(image, **fields):
    """The image with some of its r band's planes replaced."""
    r = image["r"]
    planes = {"data": r.data, "variance": r.variance, "mask": r.mask, "psf": r.psf} | fields
    return GalaxyImage("g", {"r": BandImage(wcs=r.wcs, psf_fwhm_arcsec=1.3, **planes)})


def on_a_disk(xy, flux=3.0, scale_px=10.0, **kwargs):
    """Clumps on an exponential disk of flux 100, in r, and its outline."""
    image = scenes.galaxy(
        shape=DISK_SHAPE, xy=xy, flux=flux, host_flux=100.0, scale_px=scale_px, bands=("r",),
        **kwargs,
    )  # fmt: skip
    return image, galaxy_outline(image, RefineConfig())


@pytest.mark.parametrize("radius", [1.0, 1.5, 2.0])
def test_a_clump_on_a_disk_is_measured_without_bias(radius):
    xy = np.array([[60 + 7 * radius, 60.3]])
    image, outline = on_a_disk(xy, scale_px=7.0, noise=False)
    found = measure(image, xy, R, outline)
    assert found.flux[0, 0] == pytest.approx(3.0, rel=0.02)
    assert not found.flags[0] & ClumpFlag.LOCAL_BACKGROUND
    aperture = CircularAperture(xy, 1.125 * scenes.FWHM_PX)
    light = aperture_photometry(scenes.disk(DISK_SHAPE, 100.0, 7.0), aperture)["aperture_sum"][0]
    assert found.background[0, 0] == pytest.approx(light / aperture.area, rel=0.03)


@pytest.mark.parametrize("separation", [1.5, 2.0])
def test_blends_come_apart_and_say_so(separation):
    xy = np.array([[70.0, 62.0], [70.0, 62.0 + separation * scenes.FWHM_PX]])
    image, outline = on_a_disk(xy, [4.0, 2.0], noise=False)
    found = measure(image, xy, R, outline)
    assert found.flux[:, 0] == pytest.approx([4.0, 2.0], rel=0.02)
    assert (found.flags & ClumpFlag.BLENDED > 0).all()
    assert np.isnan(found.aperture_correction).all()


def test_pulls_on_disks_and_in_blends_are_standard():
    pulls = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        angle = rng.uniform(0, 2 * np.pi, 3)
        radius = rng.uniform(8, 22, 3)
        xy = 60 + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        flux = rng.uniform(0.6, 3, 3)
        image, outline = on_a_disk(xy, flux, seed=seed)
        if np.linalg.norm(xy[:, None] - xy + 99 * np.eye(3)[:, :, None], axis=-1).min() < 5:
            continue  # nearer than 1.5 FWHM
        found = measure(image, xy, R, outline)
        pulls += list((found.flux[:, 0] - flux) / found.flux_err[:, 0])
    assert len(pulls) > 100
    assert abs(np.mean(pulls)) < 0.25
    assert 0.8 < np.std(pulls) < 1.25


def test_a_star_beside_the_clump_is_no_part_of_the_host():
    xy = np.array([[74.0, 60.0]])
    clean, outline = on_a_disk(xy, noise=False)
    star = scenes.point_sources(DISK_SHAPE, [[60.0, 76.0]], 30.0, scenes.FWHM_PX)
    starred = changed(clean, data=(clean["r"].data + star).astype(np.float32))
    found = measure(starred, xy, R, outline)
    assert found.flux[0, 0] == pytest.approx(3.0, rel=0.05)


TWO = np.array([[72.0, 60.3], [52.0, 66.0]])


def five_bands(**changed_bands):
    """Two clumps on a disk in five bands, some bands' planes replaced."""
    image = scenes.galaxy(
        shape=DISK_SHAPE, xy=TWO, flux=3.0, host_flux=100.0, scale_px=8.0, noise=False
    )
    planes = {
        band: replace(plane, **changed_bands.get(band, {})) for band, plane in image.bands.items()
    }
    return GalaxyImage("g", planes, image.ra, image.dec)


@pytest.mark.parametrize("columns", [0, 45])
def test_a_band_without_data_leaves_the_others_alone(columns):
    mask = np.zeros(DISK_SHAPE, dtype=np.uint8)
    mask[:, columns:] = MaskBit.NO_DATA
    whole, partly = five_bands(), five_bands(u={"mask": mask})
    outline = galaxy_outline(whole, RefineConfig())
    clean, found = (measure(one, TWO, MeasureConfig(), outline) for one in (whole, partly))
    assert np.isnan(found.flux[:, 0]).all()
    assert found.flux[:, 1:] == pytest.approx(clean.flux[:, 1:], rel=0.02)
    assert found.flux_err[:, 1:] == pytest.approx(clean.flux_err[:, 1:], rel=0.1)


def test_beside_a_frame_s_edge_where_variance_is_zero():
    y, x = np.indices(DISK_SHAPE)
    off = (x < 58) | (y < 58)
    plane = five_bands()["g"]
    cut = {
        "data": np.where(off, 0, plane.data).astype(np.float32),
        "variance": np.where(off, 0, plane.variance).astype(np.float32),
        "mask": np.where(off, MaskBit.NO_DATA, 0).astype(np.uint8),
    }
    image = five_bands(**dict.fromkeys("ugriz", cut))
    xy = np.array([[72.0, 60.3], [66.0, 80.0]])
    found = measure(image, xy, MeasureConfig(), galaxy_outline(five_bands(), RefineConfig()))
    assert found.flux[0] == pytest.approx(3.0, rel=0.1)
    assert found.flux[1] == pytest.approx(0.0, abs=0.3)


def test_a_clump_off_the_host_is_as_sure_beside_one_on_it_as_alone():
    shape = (201, 201)
    image = scenes.galaxy(
        shape=shape, xy=[], host_flux=400, scale_px=12, bands=("r",), level=0.1, noise=False
    )
    outline = galaxy_outline(image, RefineConfig())
    edge = int(np.flatnonzero(outline[100])[-1]) - 100
    xy = np.array([[100.0 + edge - 1, 100.0], [100.0, 100.0 + edge + 9]])
    both, alone = measure(image, xy, R, outline), measure(image, xy[1:], R, outline)
    assert both.flags[1] & ClumpFlag.LOCAL_BACKGROUND
    assert both.flux_err[1, 0] == pytest.approx(alone.flux_err[0, 0], rel=0.05)


def test_structure_is_seen_in_resampled_bands():
    """Correlated pixels scatter less than their variance says; ripples of that size still count."""
    clump = np.array([[62.0, 50.0]])
    image = scenes.galaxy(xy=clump, flux=3.0, bands=("r",), noise=False)
    sigma = float(np.sqrt(image["r"].variance[0, 0]))
    rng = np.random.default_rng(8)
    kernel = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    noise = convolve(rng.normal(0, sigma, image.shape), kernel)  # 0.14 of the variance
    y, x = np.indices(image.shape)
    ripple = 1.5 * sigma * np.sin(x / 2.5) * np.sin(y / 2.5) * (np.hypot(x - 62, y - 50) < 14)
    outline = galaxy_outline(image, RefineConfig())
    calm, rough = (
        measure(changed(image, data=image["r"].data + noise + extra), clump, R, outline)
        for extra in (0.0, ripple)
    )
    assert rough.flux_err[0, 0] > 1.3 * calm.flux_err[0, 0]
