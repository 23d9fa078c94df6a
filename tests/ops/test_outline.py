import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photutils.segmentation import detect_sources, make_2dgaussian_kernel
from scipy import ndimage

import scenes
from clumpscope.config.run import RefineConfig
from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.errors import ImageError
from clumpscope.ops.background import sky
from clumpscope.ops.host import host_centre, psf_fwhm_px, reference_band
from clumpscope.ops.outline import galaxy_outline, grown, host_outline, inside

CONFIG = RefineConfig()
SHAPE = (90, 100)
CENTRE = np.array([49.5, 44.5])
ALL = np.ones(SHAPE, dtype=bool)


def noisy_disk(seed=0, flux=60.0):
    noise = np.random.default_rng(seed).normal(0, scenes.SKY_SIGMA, SHAPE)
    return scenes.disk(SHAPE, flux, 6.0, 0.6, 30) + noise


def test_outline_is_that_of_photutils():
    data = noisy_disk()
    config = RefineConfig(outline_grow_fwhm=0)
    outline = host_outline(data, ALL, scenes.FWHM_PX, CENTRE, config)
    level, rms = sky(data, ALL)
    kernel = make_2dgaussian_kernel(scenes.FWHM_PX, size=5, mode="center").array
    smooth = ndimage.convolve(data - level, kernel, mode="nearest")
    segments = detect_sources(smooth, 0.5 * rms, n_pixels=10)
    expected = segments.data == segments.data[44, 49]
    assert np.array_equal(outline, expected)


def test_threshold_is_of_the_unsmoothed_noise():
    """Half a sigma of the unsmoothed sky outlines the disk; the smoothed sky's would flood."""
    outline = host_outline(noisy_disk(), ALL, scenes.FWHM_PX, CENTRE, CONFIG)
    isophote = scenes.disk(SHAPE, 60.0, 6.0, 0.6, 30) > 0.5 * scenes.SKY_SIGMA
    grown = ndimage.distance_transform_edt(~isophote) <= scenes.FWHM_PX
    assert (outline & grown).sum() / (outline | grown).sum() > 0.85


def test_growing_is_by_one_fwhm():
    data = noisy_disk()
    bare = host_outline(data, ALL, 4.0, CENTRE, RefineConfig(outline_grow_fwhm=0))
    grown = host_outline(data, ALL, 4.0, CENTRE, CONFIG)
    y, x = np.nonzero(bare)
    yy, xx = np.indices(SHAPE)
    nearest = np.min(np.hypot(yy[..., None] - y, xx[..., None] - x), axis=-1)
    assert np.array_equal(grown, nearest <= 4.0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.booleans())
def test_outline_follows_flips_and_units(seed, up, left):
    turn = (slice(None, None, -1 if up else 1), slice(None, None, -1 if left else 1))
    data = noisy_disk(seed)
    plain = host_outline(data, ALL, scenes.FWHM_PX, CENTRE, CONFIG)
    other = host_outline(7.0 * data[turn], ALL, scenes.FWHM_PX, CENTRE, CONFIG)
    assert np.array_equal(other[turn], plain)


def test_a_sky_level_does_not_matter():
    plain = host_outline(noisy_disk(), ALL, 3.0, CENTRE, CONFIG)
    lifted = host_outline(noisy_disk() + 5.0, ALL, 3.0, CENTRE, CONFIG)
    assert np.array_equal(plain, lifted)


def test_only_the_central_segment_counts():
    data = noisy_disk() + scenes.point_sources(SHAPE, [[90, 10]], 30.0, scenes.FWHM_PX)
    outline = host_outline(data, ALL, scenes.FWHM_PX, CENTRE, CONFIG)
    assert outline[44, 49]
    assert not outline[10, 90]


def test_a_hole_at_the_centre_is_bridged():
    data = noisy_disk()
    data[43:47, 48:52] = -1.0
    assert host_outline(data, ALL, scenes.FWHM_PX, CENTRE, CONFIG).any()


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(3).normal(0, 1, SHAPE),
        np.ones(SHAPE),
        np.full(SHAPE, np.nan),
        np.random.default_rng(3).normal(0, 0.02, SHAPE)
        + scenes.point_sources(SHAPE, [[80, 15]], 50.0, 3.0),
    ],
    ids=["blank sky", "constant", "NaN", "far from the centre"],
)
def test_no_host_no_outline(data):
    good = np.isfinite(data)
    outline = host_outline(data, good, 3.0, CENTRE, CONFIG)
    assert outline.shape == SHAPE
    assert not outline.any()


def test_pixels_without_data_are_ignored():
    data = noisy_disk()
    good = ALL.copy()
    good[:, :25] = False
    data[:, :25] = 1e6
    outline = host_outline(data, good, scenes.FWHM_PX, CENTRE, RefineConfig(outline_grow_fwhm=0))
    assert not outline[:, :25].any()
    whole = host_outline(noisy_disk(), ALL, scenes.FWHM_PX, CENTRE, CONFIG)
    assert (outline[:, 35:] & whole[:, 35:]).sum() > 0.6 * whole[:, 35:].sum()


def test_missing_pixels_and_edges_do_not_dim_their_neighbours():
    data = np.random.default_rng(5).normal(0, 1, SHAPE)
    data[:, 42:58] = 0.8  # half a sigma above the sky that all give
    good = ALL.copy()
    good[60:63] = False
    outline = host_outline(data, good, scenes.FWHM_PX, CENTRE, RefineConfig(outline_grow_fwhm=0))
    assert outline[[0, 30, 59], 50].all()


def test_galaxy_is_outlined_in_r_without_its_missing_pixels():
    image = scenes.galaxy(shape=SHAPE, bands=("g", "r"))
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[:30] = MaskBit.NO_DATA
    r = image["r"]
    data = r.data.copy()
    data[:30] = np.nan
    masked = BandImage(data, r.variance, mask, r.wcs, r.psf_fwhm_arcsec)
    config = RefineConfig(outline_grow_fwhm=0)
    assert galaxy_outline(image, config)[:30].any()
    assert not galaxy_outline(GalaxyImage("g", {"r": masked}), config)[:30].any()


@pytest.mark.parametrize(
    ("bands", "expected"), [("ugriz", "r"), ("ugz", "z"), ("ug", "g"), ("y", "y"), ("JH", "H")]
)
def test_reference_band(bands, expected):
    assert reference_band(scenes.galaxy(bands=tuple(bands), host_flux=0)) == expected


def test_psf_width_in_pixels_needs_a_wcs():
    image = scenes.galaxy(bands=("r",), fwhm_arcsec=0.792)
    assert psf_fwhm_px(image, "r") == pytest.approx(2.0)
    r = image["r"]
    bare = GalaxyImage("g", {"r": BandImage(r.data, r.variance, r.mask, None, 1.3)})
    with pytest.raises(ImageError, match="WCS"):
        psf_fwhm_px(bare, "r")
    with pytest.raises(ImageError, match="band u"):
        psf_fwhm_px(image, "u")


def test_host_centre_is_its_sky_position_where_that_is_on_the_image():
    image = scenes.galaxy(shape=SHAPE, bands=("r",))
    planes = image.bands
    ra, dec = image.wcs.all_pix2world([[60.0, 20.0]], 0)[0]
    assert host_centre(GalaxyImage("g", planes, ra, dec)) == pytest.approx([60, 20], abs=1e-6)
    assert host_centre(GalaxyImage("g", planes)) == pytest.approx(CENTRE)
    assert host_centre(GalaxyImage("g", planes, ra + 1, dec)) == pytest.approx(CENTRE)


def test_inside_looks_under_the_position():
    outline = np.zeros((4, 6), dtype=bool)
    outline[1, 5] = True
    xy = np.array([[5.0, 1.0], [5.49, 0.51], [5.51, 1.0], [4.4, 1.0], [-1.0, 1.0], [5.0, 99.0]])
    assert inside(outline, xy).tolist() == [True, True, False, False, False, False]


def test_noise_that_neighbours_share_is_no_part_of_the_host():
    """A picture enlarged four times has no wider outline than the one that it was made of."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:90, :90] - 44.5
    data = 30 * np.exp(-np.hypot(x, y) / 5) + rng.normal(0, 1, (90, 90))
    large = ndimage.zoom(data, 4, order=1, grid_mode=True, mode="nearest")
    config = RefineConfig(outline_grow_fwhm=0)

    def area(plane, fwhm, **shared):
        centre = np.array(plane.shape) / 2 - 0.5
        return host_outline(plane, np.ones_like(plane, bool), fwhm, centre, config, **shared).sum()

    small = area(data, 3.0)
    assert area(data, 3.0, noise_shared=True) == pytest.approx(small, rel=0.05)
    assert area(large, 12.0) > 1.2 * 16 * small  # what is on the sky joins it
    assert 0.5 * 16 * small < area(large, 12.0, noise_shared=True) < 16 * small


@pytest.mark.parametrize("radius", [0.0, 0.9, 1.0, 1.5, 2.0, 3.7, 5.0, 9.2, 16.0, 21.3])
def test_a_mask_grows_to_all_that_is_within_the_radius(radius):
    rng = np.random.default_rng(int(10 * radius))
    for share in (0.001, 0.02, 0.3):
        mask = rng.random((61, 47)) < share
        mask[5, 44] = True
        expected = ndimage.distance_transform_edt(~mask) <= radius
        assert (grown(mask, radius) == expected).all()
