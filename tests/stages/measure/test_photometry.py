from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.errors import ImageError
from clumpscope.stages.measure import measure
from scenes import moffat_psf

SHAPE = (60, 60)
CENTRE = np.array([[30.2, 29.6]])
R = MeasureConfig(bands=("r",))
NOWHERE = np.zeros(SHAPE, dtype=bool)  # no host outline
LOCAL = int(ClumpFlag.LOCAL_BACKGROUND)


def flat(xy=CENTRE, flux=10.0, shape=SHAPE, **kwargs):
    """Point sources on flat light, in r only."""
    return scenes.galaxy(
        shape=shape, xy=xy, flux=flux, host_flux=0, bands=("r",), level=0.3, **kwargs
    )


def changed(image, **fields):
    """The image with some of its r band's planes replaced."""
    r = image["r"]
    planes = {"data": r.data, "variance": r.variance, "mask": r.mask, "psf": r.psf} | fields
    return GalaxyImage("g", {"r": BandImage(wcs=r.wcs, psf_fwhm_arcsec=1.3, **planes)})


def with_bit(image, bit, x, y):
    mask = image["r"].mask.copy()
    mask[y, x] = bit
    return changed(image, mask=mask)


def grid_of_sources(signal_to_noise, n_images, fwhm):
    """Measured, true and error of sources that all have about one signal-to-noise."""
    rng = np.random.default_rng(int(10 * signal_to_noise))
    at = np.arange(15, 190, 22.0)
    base = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    shape = (200, 200)
    outline = np.zeros(shape, dtype=bool)
    empty = flat(xy=[], shape=shape, fwhm_arcsec=fwhm)
    flux = signal_to_noise * measure(empty, base[:1], R, outline).flux_err[0, 0]
    flux_out, err_out = [], []
    for seed in range(n_images):
        xy = base + rng.uniform(-0.5, 0.5, base.shape)
        image = flat(xy, flux, shape, fwhm_arcsec=fwhm, seed=seed + 1000 * int(signal_to_noise))
        found = measure(image, xy, R, outline)
        flux_out.append(found.flux[:, 0])
        err_out.append(found.flux_err[:, 0])
    return np.concatenate(flux_out), flux, np.concatenate(err_out)


@pytest.mark.parametrize("fwhm", [1.1, 1.3, 1.6])
@pytest.mark.parametrize("signal_to_noise", [25, 60, 300])
def test_bright_sources_are_unbiased(signal_to_noise, fwhm):
    flux, true, _ = grid_of_sources(signal_to_noise, 12, fwhm)
    # The mean's own error is 0.15 % at signal-to-noise 25, and less above.
    assert abs(flux.mean() / true - 1) < 0.01
    assert flux.std() / np.sqrt(flux.size) / true < 0.002


def test_pulls_of_faint_sources_are_standard():
    pulls = []
    for signal_to_noise in (5, 8, 12, 16, 20):
        flux, true, err = grid_of_sources(signal_to_noise, 6, 1.3)
        pulls.append((flux - true) / err)
        assert 0.85 < pulls[-1].std() < 1.2
    assert abs(np.mean(pulls)) < 0.15


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 50), st.floats(-2, 2), st.booleans(), st.booleans(), st.booleans())
def test_flux_is_linear_and_knows_no_level_and_no_side(scale, level, up, left, star):
    image = flat(seed=5)
    turn = (slice(None, None, -1 if up else 1), slice(None, None, -1 if left else 1))
    other = changed(
        image,
        data=(scale * (image["r"].data[turn].astype(float) + level)),
        variance=scale**2 * image["r"].variance,
    )
    signs = np.array([-1 if left else 1, -1 if up else 1])
    plain_ = measure(image, CENTRE, R, NOWHERE, star=star)
    found = measure(other, 29.5 + (CENTRE - 29.5) * signs, R, NOWHERE, star=star)
    assert found.flux == pytest.approx(scale * plain_.flux, rel=1e-5)
    assert found.flux_err == pytest.approx(scale * plain_.flux_err, rel=1e-5)
    assert found.background == pytest.approx(
        scale * (plain_.background + level), rel=1e-5, abs=1e-6
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(-8, 8), st.integers(-8, 8), st.integers(0, 100))
def test_whole_pixel_shifts_and_order_do_not_matter(dx, dy, seed):
    xy = np.array([[25.3, 30.1], [36.0, 27.5], [30.0, 38.8]])
    image = flat(xy, seed=seed)
    shifted = changed(image, data=np.roll(image["r"].data, (dy, dx), axis=(0, 1)))
    order = np.random.default_rng(seed).permutation(3)
    plain_ = measure(image, xy, R, NOWHERE)
    found = measure(shifted, (xy + np.array([dx, dy]))[order], R, NOWHERE)
    assert found.flux == pytest.approx(plain_.flux[order], rel=1e-6)
    assert found.flags.tolist() == plain_.flags[order].tolist()


def test_each_band_has_its_own_aperture_at_the_one_position():
    widths = {"u": 1.6, "g": 1.5, "r": 1.3, "i": 1.2, "z": 1.1}
    fluxes = {band: 5.0 + i for i, band in enumerate("ugriz")}
    image = scenes.galaxy(
        shape=SHAPE, xy=CENTRE, flux=fluxes, host_flux=0, fwhm_arcsec=widths, noise=False
    )
    found = measure(image, CENTRE, MeasureConfig(), NOWHERE)
    assert found.bands == tuple("ugriz")
    assert found.flux[0] == pytest.approx(list(fluxes.values()), rel=2e-3)
    assert found.aperture_radius_arcsec[0] == pytest.approx(1.125 * np.array(list(widths.values())))


def test_neighbours_in_the_annulus_do_no_harm():
    angle = np.deg2rad(np.arange(0, 360, 90))
    ring = 30 + 2.4 * scenes.FWHM_PX * np.column_stack([np.cos(angle), np.sin(angle)])
    xy = np.vstack([[30.0, 30.0], ring])
    crowd = flat(xy, [10.0, 100, 100, 100, 100], noise=False)
    alone = measure(crowd, xy[:1], R, NOWHERE)
    together = measure(crowd, xy, R, NOWHERE)
    assert alone.flux[0, 0] < 0
    assert together.flux[0, 0] == pytest.approx(10.0, rel=2e-3)


@pytest.mark.parametrize(("distance", "overlap"), [(2.24, True), (2.26, False)])
def test_overlapping_apertures_are_flagged(distance, overlap):
    xy = np.array([[20.0, 30.0], [20.0 + distance * scenes.FWHM_PX, 30.0], [48.0, 30.0]])
    flags = measure(flat(xy), xy, R, NOWHERE).flags & ClumpFlag.OVERLAP
    assert (flags > 0).tolist() == [overlap, overlap, False]


def test_a_local_background_is_taken_on_the_clump_s_side_of_the_host_s_border():
    border = (np.indices(SHAPE)[1] >= 36).astype(np.float32)
    image = changed(flat(), data=flat(noise=False)["r"].data + border)
    config = MeasureConfig(bands=("r",), background="annulus")
    inside, outside = (measure(image, CENTRE, config, host) for host in (border == 0, border == 1))
    assert inside.background[0, 0] == pytest.approx(0.3, abs=1e-3)
    assert inside.flux[0, 0] == pytest.approx(10.0, rel=1e-3)
    # Without a host every pixel counts.
    assert measure(image, CENTRE, config, NOWHERE).background[0, 0] == pytest.approx(0.6, abs=0.15)
    assert outside.background[0, 0] == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize(
    ("bit", "flag", "left_out"),
    [
        (MaskBit.SATURATED, ClumpFlag.SATURATED, False),
        (MaskBit.COSMIC_RAY, ClumpFlag.COSMIC_RAY, True),
        (MaskBit.NO_DATA, ClumpFlag.NO_DATA, True),
    ],
)
def test_bad_pixels_in_the_aperture_are_flagged(bit, flag, left_out):
    image = flat(noise=False)
    data = image["r"].data.copy()
    data[31, 32] += 50.0
    hit = with_bit(changed(image, data=data), bit, 32, 31)
    found = measure(hit, CENTRE, R, NOWHERE)
    # One hot pixel off the centre makes a clump look wide.
    assert found.flags[0] & ~ClumpFlag.RESOLVED == flag | LOCAL
    # What a pixel left out would have shown is made up for.
    expected = 10.0 if left_out else 10.0 + 50 * found.aperture_correction[0, 0]
    assert found.flux[0, 0] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("bit", list(MaskBit))
def test_bad_pixels_in_the_annulus_count_for_nothing(bit):
    image = flat(noise=False)
    data = image["r"].data.copy()
    mask = image["r"].mask.copy()
    data[30, 36:39], mask[30, 36:39] = 1e4, bit
    plain_ = measure(image, CENTRE, R, NOWHERE)
    found = measure(changed(image, data=data, mask=mask), CENTRE, R, NOWHERE)
    assert found.flux == pytest.approx(plain_.flux, rel=1e-3)
    assert found.flags.tolist() == [LOCAL]


def test_a_nan_pixel_is_one_without_data():
    image = flat()
    data = image["r"].data.copy()
    data[30, 30] = np.nan
    found = measure(changed(image, data=data), CENTRE, R, NOWHERE)
    assert np.isfinite(found.flux).all()
    assert found.flags.tolist() == [ClumpFlag.NO_DATA | LOCAL]


def test_at_the_edge_the_flux_is_kept_and_flagged():
    xy = np.array([[1.0, 30.0]])
    found = measure(flat(xy, noise=False), xy, R, NOWHERE)
    assert found.flux[0, 0] == pytest.approx(10.0, rel=0.02)
    assert found.flags[0] & ClumpFlag.EDGE
    assert found.flags[0] & ClumpFlag.NO_DATA


@pytest.mark.parametrize("where", [(-30.0, 30.0), (30.0, 1e5), (np.nan, 30.0), (np.inf, 3.0)])
def test_off_the_image_there_is_no_flux(where):
    found = measure(flat(), np.array([where, CENTRE[0]]), R, NOWHERE)
    assert np.isnan(found.flux[0]).all()
    assert np.isnan(found.flux_err[0]).all()
    assert found.flags[0] == ClumpFlag.NO_DATA | ClumpFlag.EDGE | ClumpFlag.MASKED_ANNULUS
    assert found.flux[1, 0] == pytest.approx(10, rel=0.1)
    assert found.flags[1] == LOCAL


def test_a_masked_aperture_has_no_flux():
    image = flat()
    mask = image["r"].mask.copy()
    mask[20:40, 20:40] = MaskBit.NO_DATA
    found = measure(changed(image, mask=mask), CENTRE, R, NOWHERE)
    assert np.isnan(found.flux).all()
    assert found.flags[0] & ClumpFlag.NO_DATA


def test_negative_fluxes_are_kept():
    found = measure(flat(flux=-2.0, noise=False), CENTRE, R, NOWHERE)
    assert found.flux[0, 0] == pytest.approx(-2.0, rel=0.01)


def test_assumed_psf_and_noise_are_flagged():
    r = flat()["r"]
    planes = (r.data, r.variance, r.mask, r.wcs, 1.3)
    plane = BandImage(*planes, psf_assumed=True, noise_assumed=True)
    found = measure(GalaxyImage("g", {"r": plane}), CENTRE, R, NOWHERE)
    assert found.flags.tolist() == [ClumpFlag.PSF_ASSUMED | ClumpFlag.NOISE_ASSUMED | LOCAL]


def test_no_positions_no_photometry():
    found = measure(flat(), np.empty((0, 2)), R, NOWHERE)
    assert found.flux.shape == (0, 1)
    assert len(found) == 0


def test_bad_input_to_measure():
    image = flat()
    with pytest.raises(ImageError, match=r"expected one of bands u g, got r; name some that the"):
        measure(image, CENTRE, MeasureConfig(bands=("u", "g")), NOWHERE)
    with pytest.raises(ImageError, match=r"outline: expected shape \(60, 60\)"):
        measure(image, CENTRE, R, np.zeros((3, 3), dtype=bool))
    r = image["r"]
    bare = GalaxyImage("g", {"r": BandImage(r.data, r.variance, r.mask, None, 1.3)})
    with pytest.raises(ImageError, match="expected a WCS, got none; write CTYPE1, CRVAL1"):
        measure(bare, CENTRE, R, NOWHERE)


def test_one_place_given_twice_does_not_touch_the_others():
    xy = np.array([[30.0, 15.0], [30.0, 45.0], [30.0, 45.0]])
    image = flat(xy[:2], [4.0, 6.0], noise=False)
    found = measure(image, xy, R, NOWHERE)
    assert found.flux[:, 0] == pytest.approx([4.0, 3.0, 3.0], rel=0.01)


def test_a_real_psf_needs_no_further_correction():
    """A star through a winged PSF, where the published correction loses a tenth."""
    psf = moffat_psf(scenes.FWHM_PX, 2.5, side=41)
    data = np.zeros(SHAPE)
    data[10:51, 10:51] = 10 * psf
    image = changed(flat(noise=False), data=data.astype(np.float32), psf=psf)
    found = measure(image, np.array([[30.0, 30.0]]), R, NOWHERE)
    assert found.flux[0, 0] == pytest.approx(10.0, rel=1e-3)
    assert found.published_flux[0, 0] < 9.3


def starry(xy_star, flux, **keywords):
    """Two clumps on a disk, and the same with a star."""
    clumps = [[45, 50], [56, 41]]
    without = scenes.galaxy(xy=clumps, flux=5.0, host_flux=300, **keywords)
    light = scenes.point_sources((100, 100), [xy_star], flux, scenes.FWHM_PX)
    bands = {
        band: replace(plane, data=(plane.data + light).astype(np.float32))
        for band, plane in without.bands.items()
    }
    return np.array(clumps, float), without, replace(without, bands=bands)


def test_a_faint_star_is_fitted_with_the_clumps_and_takes_nothing_of_their_flux():
    outline = np.ones((100, 100), dtype=bool)
    xy, without, with_star = starry([51.0, 52.0], 6.0, noise=False)
    before = measure(without, xy, MeasureConfig(), outline)
    ignored = measure(with_star, xy, MeasureConfig(), outline)
    fitted = measure(
        replace(with_star, stars=np.array([[51.0, 52.0]])), xy, MeasureConfig(), outline
    )
    off = np.abs(fitted.flux[0] - before.flux[0])
    assert (off < before.flux_err[0]).all()
    assert (off < np.abs(ignored.flux[0] - before.flux[0]) / 3).all()
    assert len(fitted) == 2
    assert not (fitted.flags & ClumpFlag.STAR).any()


def test_a_clump_that_is_a_star_says_so_and_keeps_its_flux():
    outline = np.ones((100, 100), dtype=bool)
    xy, without, _ = starry([51.0, 52.0], 6.0)
    before = measure(without, xy, MeasureConfig(), outline)
    after = measure(replace(without, stars=xy[:1] + 0.4), xy, MeasureConfig(), outline)
    assert (after.flags & ClumpFlag.STAR > 0).tolist() == [True, False]
    assert after.flux == pytest.approx(before.flux)


def test_a_masked_star_is_kept_out_of_the_host_and_flagged_where_it_is_touched():
    outline = np.ones((100, 100), dtype=bool)
    xy, without, with_star = starry([50.0, 62.0], 200.0)
    rows, cols = np.indices((100, 100))
    star = np.where(np.hypot(cols - 50, rows - 62) < 8, np.uint8(MaskBit.STAR), np.uint8(0))
    bands = {band: replace(plane, mask=star) for band, plane in with_star.bands.items()}
    xy = np.append(xy, [[50.0, 60.0]], axis=0)
    before = measure(without, xy[:2], MeasureConfig(), outline)
    after = measure(replace(with_star, bands=bands), xy, MeasureConfig(), outline)
    names = (ClumpFlag.STAR, ClumpFlag.NEAR_STAR)
    assert [[bool(f & flag) for flag in names] for f in after.flags.tolist()] == [
        [False, False],
        [False, False],
        [True, True],
    ]
    assert (np.abs(after.flux[:2] - before.flux) < before.flux_err).all()
    assert after.flux_err[:2] == pytest.approx(before.flux_err, rel=0.3)
