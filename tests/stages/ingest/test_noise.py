import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

import scenes
from clumpscope.errors import ImageError
from clumpscope.stages.ingest.noise import NoiseKind, noise_of
from clumpscope.stages.ingest.scatter import sky_scatter

VARIANCE, INVERSE, ERROR, WEIGHT = NoiseKind
SHAPE = (120, 140)
FACTOR = 3.7e-3  # nanomaggies of a count


def as_plane(kind, sigma):
    """Noise of ``sigma`` counts as a plane of a kind."""
    power = {VARIANCE: 2, INVERSE: -2, ERROR: 1, WEIGHT: -2}[kind]
    return np.asarray(sigma, dtype=np.float32) ** power


def field(sigma=0.54, seed=0, light=True):
    """Counts with noise of ``sigma`` and a galaxy, and its sigma plane, two-fold to one side."""
    plane = np.full(SHAPE, sigma)
    plane[:, 90:] *= 2
    data = np.random.default_rng(seed).normal(0, 1, SHAPE) * plane
    if light:
        data += scenes.disk(SHAPE, 900 * sigma, 9.0)
    return (FACTOR * data).astype(np.float32), plane


GOOD = np.zeros(SHAPE, dtype=bool)


@pytest.mark.parametrize("kind", [VARIANCE, INVERSE, ERROR])
@pytest.mark.parametrize("sigma", [0.02, 0.54, 1.0, 37.0])
def test_each_kind_gives_the_same_variance(kind, sigma):
    data, plane = field(sigma)
    found = noise_of(data, as_plane(kind, plane), kind, FACTOR, GOOD, "a")
    np.testing.assert_allclose(found.variance, (FACTOR * plane) ** 2, rtol=1e-5)
    assert found.variance.dtype == np.float32
    assert (found.assumed, found.notes, found.bad.any()) == (False, (), False)


@pytest.mark.parametrize("named", [VARIANCE, INVERSE, ERROR])
@pytest.mark.parametrize("true", [VARIANCE, INVERSE, ERROR])
@pytest.mark.parametrize("sigma", [0.02, 37.0])
def test_a_wrong_name_is_refused_and_told(named, true, sigma):
    data, plane = field(sigma)
    if named is true:
        return
    with pytest.raises(
        ImageError, match=f"a noise: expected an? {named}, .* if it were an? {true}"
    ):
        noise_of(data, as_plane(true, plane), named, FACTOR, GOOD, "a")


def test_inverse_variance_taken_for_variance():
    """It gave an error of 377 in place of 0.54 once."""
    data = np.random.default_rng(0).normal(0, 2.65e-3, SHAPE).astype(np.float32)
    ivar = np.full(SHAPE, 377.0**2, np.float32)
    with pytest.raises(
        ImageError, match=r"noise of 377 nano.* scatters by 0.0026.*inverse variance"
    ):
        noise_of(data, ivar, VARIANCE, 1.0, GOOD, "a")
    found = noise_of(data, ivar, INVERSE, 1.0, GOOD, "a")
    assert np.sqrt(found.variance[0, 0]) == pytest.approx(1 / 377)


@pytest.mark.parametrize("kind", [VARIANCE, INVERSE, ERROR])
@pytest.mark.parametrize("sigma", [0.02, 37.0])
def test_what_nobody_named_is_told_by_the_sky(kind, sigma):
    data, plane = field(sigma)
    found = noise_of(data, as_plane(kind, plane), None, FACTOR, GOOD, "a")
    np.testing.assert_allclose(found.variance, (FACTOR * plane) ** 2, rtol=1e-5)
    assert kind in found.notes[0]
    assert not found.assumed


def test_what_fits_in_no_way_is_not_used():
    data, plane = field(0.02)
    weights = 1e5 * as_plane(WEIGHT, plane)
    weights[3, 4] = 0
    found = noise_of(data, weights, None, FACTOR, GOOD, "a")
    assert found.assumed
    assert "in no way" in found.notes[0]
    assert np.argwhere(found.bad).tolist() == [[3, 4]]
    assert found.variance[3, 4] == 0
    assert 0.8 < np.sqrt(found.variance[0, 0]) / (0.02 * FACTOR) < 1.6


@pytest.mark.parametrize("scale", [1e-4, 900.0])
def test_relative_weights_are_scaled_to_the_sky(scale):
    data, plane = field(0.02)
    found = noise_of(data, scale * as_plane(WEIGHT, plane), WEIGHT, FACTOR, GOOD, "a")
    assert found.assumed
    assert "relative" in found.notes[0]
    np.testing.assert_allclose(np.sqrt(found.variance), FACTOR * plane, rtol=0.1)
    np.testing.assert_allclose(found.variance[0, 0] * 4, found.variance[0, -1], rtol=1e-5)


def test_weights_that_are_inverse_variance():
    data, plane = field(0.02)
    found = noise_of(data, as_plane(WEIGHT, plane), WEIGHT, FACTOR, GOOD, "a")
    np.testing.assert_allclose(found.variance, (FACTOR * plane) ** 2, rtol=1e-5)
    assert "inverse variance" in found.notes[0]
    assert not found.assumed


def test_without_a_plane_it_is_estimated():
    data, _ = field(0.54)
    data[:, 90:] /= 2
    found = noise_of(data, None, None, FACTOR, GOOD, "a")
    assert found.assumed
    assert "estimated" in found.notes[0]
    assert not found.bad.any()
    np.testing.assert_allclose(np.sqrt(found.variance), 0.54 * FACTOR, rtol=0.08)


def test_empty_parts_do_not_count():
    data, plane = field(0.54)
    data[40:] = 0
    found = noise_of(data, None, None, FACTOR, GOOD, "a")
    assert np.sqrt(found.variance[0, 0]) == pytest.approx(0.54 * FACTOR, rel=0.5)
    variance = as_plane(VARIANCE, plane)
    variance[40:] = 0
    found = noise_of(data, variance, VARIANCE, FACTOR, GOOD, "a")
    assert found.bad[40:].all()
    assert not found.bad[:40].any()


def test_pixels_without_noise_are_bad():
    data, plane = field()
    for kind in (VARIANCE, INVERSE, ERROR, WEIGHT):
        noise = as_plane(kind, plane)
        noise[0, :5] = [np.nan, -1, 0, np.inf, -np.inf]
        found = noise_of(data, noise, kind, FACTOR, GOOD, "a")
        assert np.argwhere(found.bad).tolist() == [[0, col] for col in range(5)]
        assert (found.variance[0, :5] == 0).all()
        assert (found.variance[0, 5:] > 0).all()


def test_untrusted_pixels_do_not_count():
    data, plane = field()
    bad = GOOD.copy()
    bad[:, :100] = True
    data[:, :100] = np.nan
    data[:, :50] = 1e9
    found = noise_of(data, as_plane(VARIANCE, plane), VARIANCE, FACTOR, bad, "a")
    assert found.notes == ()


@pytest.mark.parametrize("kind", [*NoiseKind, None])
def test_zero_everywhere_is_refused(kind):
    data, plane = field()
    with pytest.raises(ImageError, match=r"expected positive numbers, got none; leave the plane"):
        noise_of(data, 0 * plane, kind, FACTOR, GOOD, "a")


def test_another_unit_is_refused():
    data, plane = field()
    with pytest.raises(ImageError, match=r"expected a variance, got one of noise of .*; say what"):
        noise_of(data, 1e8 * as_plane(VARIANCE, plane), VARIANCE, FACTOR, GOOD, "a")


def test_a_name_that_fits_less_than_another_is_told():
    """Of a noise of few counts both fit: an error of 3.5 taken for a variance says 1.9."""
    data, plane = field(3.5)
    found = noise_of(data, as_plane(ERROR, plane), VARIANCE, FACTOR, GOOD, "a")
    assert found.notes[0].endswith("an error would fit it better")
    np.testing.assert_allclose(found.variance, FACTOR**2 * plane, rtol=1e-5)


def test_in_between_it_is_told():
    data, plane = field(37.0)
    found = noise_of(data, as_plane(VARIANCE, 6 * plane), VARIANCE, FACTOR, GOOD, "a")
    assert "the variance plane says noise of" in found.notes[0]


@pytest.mark.parametrize("kind", [None, WEIGHT])
def test_no_sky_to_tell(kind):
    with pytest.raises(ImageError, match=r"a sky that scatters, to tell what the plane is"):
        noise_of(np.ones(SHAPE, np.float32), np.ones(SHAPE), kind, FACTOR, GOOD, "a")


def test_no_sky_to_check_or_to_measure():
    flat = np.ones(SHAPE, np.float32)
    found = noise_of(flat, np.full(SHAPE, 4.0), VARIANCE, 1.0, GOOD, "a")
    assert found.notes == ("no sky to check the variance plane by",)
    np.testing.assert_array_equal(found.variance, 4)
    with pytest.raises(ImageError, match="a noise: expected a noise plane, or a sky that scatters"):
        noise_of(flat, None, None, 1.0, GOOD, "a")
    with pytest.raises(ImageError, match=r"expected shape \(120, 140\), got \(3, 3\)"):
        noise_of(flat, np.ones((3, 3)), VARIANCE, 1.0, GOOD, "a")


def test_correlated_noise_and_a_galaxy_that_fills_the_image():
    """Resampled pixels scatter by a third of their noise; light on every pixel is no noise."""
    rng = np.random.default_rng(3)
    data = gaussian_filter(rng.normal(0, 1, SHAPE), 0.85)
    data = (data + scenes.disk(SHAPE, 3e5, 40.0)).astype(np.float32)
    for kind in (VARIANCE, INVERSE, ERROR):
        found = noise_of(data * 0.03, as_plane(kind, np.full(SHAPE, 3e3)), kind, 1e-5, GOOD, "a")
        np.testing.assert_allclose(np.sqrt(found.variance), 0.03, rtol=1e-5)
        assert found.notes == ()


@given(st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_scatter_of_blank_sky(sigma, seed):
    data = np.random.default_rng(seed).normal(5 * sigma, sigma, SHAPE)
    found = sky_scatter(data, ~GOOD)
    assert found == pytest.approx(sigma, rel=0.06)


def test_scatter_of_whole_counts_and_of_few_pixels():
    data = np.random.default_rng(0).poisson(0.05, SHAPE).astype(float)
    assert sky_scatter(data, ~GOOD) >= 0
    counts = np.random.default_rng(0).poisson(4.0, SHAPE).astype(float)
    assert sky_scatter(counts, ~GOOD) == pytest.approx(2, rel=0.25)
    assert np.isnan(sky_scatter(data[:6, :6], ~GOOD[:6, :6]))
    narrow = np.random.default_rng(0).normal(0, 1, (900, 5))
    assert sky_scatter(narrow, np.ones((900, 5), bool)) == pytest.approx(1, rel=0.1)


def test_scatter_under_light_that_fills_the_image():
    data = np.random.default_rng(5).normal(0, 1, SHAPE) + scenes.disk(SHAPE, 3e5, 40.0)
    assert sky_scatter(data, ~GOOD) == pytest.approx(1, rel=0.1)
