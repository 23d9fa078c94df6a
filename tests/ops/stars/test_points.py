from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.stars import host_is_star
from clumpscope.stages.measure import measure

SHAPE = (81, 81)
MIDDLE = np.array([[40.0, 40.0]])


def image(sources=(), flux=20.0, host=0.0, scale=4.0, blur=0.0, bands=tuple("ugriz")):
    """Point sources and a disk, blurred as the PSF does by ``blur`` of its width."""
    one = scenes.galaxy(
        "t",
        SHAPE,
        sources,
        flux,
        host_flux=host,
        scale_px=scale,
        bands=bands,
        noise=False,
    )
    rng, planes = np.random.default_rng(2), {}
    for band, plane in one.bands.items():
        data = ndimage.gaussian_filter(plane.data.astype(float), blur * scenes.FWHM_PX / 2.355)
        data += rng.normal(0, scenes.SKY_SIGMA, SHAPE)
        planes[band] = replace(plane, data=data.astype(np.float32))
    return replace(one, bands=planes)


@pytest.mark.parametrize("flux", [1.5, 5.0, 50.0, 1000.0])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.4, -0.3)])
def test_a_star_is_a_point(flux, shift):
    assert host_is_star(image(MIDDLE + shift, flux))


def test_a_neighbour_does_not_make_a_star_a_galaxy():
    assert host_is_star(image([[40.0, 40.0], [54.0, 40.0]], 50.0))


@pytest.mark.parametrize("scale", [1.5, 2.5, 6.0])
def test_galaxies_are_none(scale):
    assert not host_is_star(image(host=50.0, scale=scale, blur=1.0))
    # Nor where a nucleus as bright as the disk sits in them.
    assert scale < 2 or not host_is_star(image(MIDDLE, 25.0, host=50.0, scale=scale, blur=0.0))


def test_what_is_too_faint_to_tell_is_none():
    assert not host_is_star(image(MIDDLE, 0.1))
    assert not host_is_star(image())


def test_bands_outvote_one():
    star, disk = image(MIDDLE, 30.0), image(host=30.0, blur=1.0)
    mixed = {**star.bands, "i": disk["i"]}
    assert host_is_star(replace(star, bands=mixed))
    assert not host_is_star(replace(star, bands={**mixed, "r": disk["r"]}))
    # Without g, r and i the reference band tells.
    assert host_is_star(GalaxyImage("u", {"u": star["u"]}, star.ra, star.dec))


def test_saturated_cores_are_told_by_their_halos():
    y, x = np.indices(SHAPE) - 40.0
    distance = np.maximum(np.hypot(x, y), 1.0) / scenes.FWHM_PX
    burnt = distance < 2

    def saturated(light):
        one = image()
        planes = {
            band: replace(
                plane,
                data=np.where(burnt, 50.0, plane.data + light).astype(np.float32),
                mask=np.where(burnt, MaskBit.SATURATED, 0).astype(np.uint8),
            )
            for band, plane in one.bands.items()
        }
        return replace(one, bands=planes)

    assert host_is_star(saturated(400 * distance**-3.0))
    assert not host_is_star(saturated(20 * np.exp(-distance / 4)))


@pytest.mark.parametrize("bands", ["i", "ri"])
def test_a_nucleus_that_is_saturated_in_some_bands_is_judged_by_the_others(bands):
    """A bulge's light falls as steeply as a halo."""
    y, x = np.indices(SHAPE) - 40.0
    distance = np.maximum(np.hypot(x, y), 1.0) / scenes.FWHM_PX
    bulge = ndimage.gaussian_filter(60 * distance**-2.5, scenes.FWHM_PX / 2.355)

    def burnt(one, light):
        planes = {}
        for band, plane in one.bands.items():
            mask = np.where((distance < 0.6) & (band in bands), MaskBit.SATURATED, 0)
            data = (plane.data + light).astype(np.float32)
            planes[band] = replace(plane, data=data, mask=mask.astype(np.uint8))
        return replace(one, bands=planes)

    assert not host_is_star(burnt(image(host=50.0, blur=1.0), bulge))
    assert host_is_star(burnt(image(MIDDLE, 1000.0), 0.0))


def test_a_star_is_measured_without_a_host_and_flagged():
    star = image(MIDDLE, 5.0)
    outline = galaxy_outline(star, RefineConfig())
    config = MeasureConfig()
    assert outline.any()
    found = measure(star, MIDDLE, config, outline)
    assert found.flags[0] & ClumpFlag.HOST_IS_STAR
    assert found.flags[0] & ClumpFlag.LOCAL_BACKGROUND
    pixels = np.pi * (1.125 * scenes.FWHM_PX) ** 2
    assert (found.flux_err[0] < 2.5 * scenes.SKY_SIGMA * np.sqrt(pixels)).all()
    assert (np.abs(found.flux[0] - 5) < 3.5 * found.flux_err[0]).all()
    disk = image([[52.0, 40.0]], 3.0, host=60.0, blur=0.3)
    found = measure(
        disk, np.array([[52.0, 40.0]]), MeasureConfig(), galaxy_outline(disk, RefineConfig())
    )
    assert not found.flags[0] & (ClumpFlag.HOST_IS_STAR | ClumpFlag.LOCAL_BACKGROUND)
