"""Observation: places, fluxes and profiles against GalSim and closed forms; noise."""

from dataclasses import replace

import galsim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from clumpscope.config.simulate import ObserveConfig
from clumpscope.stages.simulate.light import Light
from clumpscope.stages.simulate.observe import (
    blob_spectra,
    draw_visit,
    expose,
    light_spectra,
    noise,
    padded_size,
    sky_noise,
    source_spectra,
    spline_response,
    variance,
)
from clumpscope.stages.simulate.psf import Frequencies, psf_images
from clumpscope.stages.simulate.sources import Blobs, Sources

SCALE = 0.396


def visit(seed=0, **changes):
    calm = {"dither": np.zeros(2), "shifts": np.zeros((5, 2))}
    return replace(draw_visit(np.random.default_rng(seed), ObserveConfig()), **{**calm, **changes})


def source(x, y, flux=1.0, sigma=0.0):
    one = np.ones(1)
    return Sources(x * one, y * one, sigma * one, np.full((1, 5), flux), np.ones(1, dtype=int))


def blob(early, **changes):
    one = np.ones(1)
    values = {"x": 0.0, "y": 0.0, "half_light": 2.0, "axis_ratio": 0.5, "angle": 0.6, **changes}
    fields = {name: value * one for name, value in values.items()}
    return Blobs(**fields, early=np.array([early]), flux=np.full((1, 5), 10.0))


def seen(sources, size=101, when=None):
    at = Frequencies.of(padded_size(size + 40), SCALE)
    return expose(source_spectra(sources, at), when or visit(), at, size)


def centroid(image):
    y, x = np.indices(image.shape)
    return np.array([(image * x).sum(), (image * y).sum()]) / image.sum()


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(-6, 6),
    y=st.floats(-6, 6),
    size=st.sampled_from([100, 101]),
    dither=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
)
def test_a_point_lands_where_it_should(x, y, size, dither):
    image = seen(source(x, y), size, visit(dither=np.array(dither)))[2]
    expected = (size - 1) / 2 + np.array(dither) + np.array([x, y]) / SCALE
    assert centroid(image) == pytest.approx(expected, abs=0.05)


def test_a_shifted_band_is_off_by_its_shift():
    shifts = np.zeros((5, 2))
    shifts[1] = 0.8, -0.3
    images = seen(source(0, 0), when=visit(shifts=shifts))
    assert centroid(images[1]) - centroid(images[2]) == pytest.approx([0.8, -0.3], abs=0.02)


def test_flux_is_kept_in_every_band():
    assert seen(source(1.0, -2.0, 7.0), 301).sum(axis=(1, 2)) == pytest.approx(7.0, rel=2e-3)


def test_a_point_looks_like_the_psf_image():
    when = visit()
    image = seen(source(0, 0), 101, when)
    stamps = psf_images(when.psf, SCALE)
    middle = image[:, 30:71, 30:71]
    assert stamps == pytest.approx(middle / middle.sum(axis=(1, 2), keepdims=True), abs=2e-4)


def test_a_resolved_source_is_wider_by_its_size():
    x = (np.arange(201) - 100) * SCALE

    def second_moment(sigma):
        return float((seen(source(0, 0, 1.0, sigma), 201)[2] * x**2).sum())

    assert second_moment(0.5) - second_moment(0.0) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("early", [False, True])
def test_smooth_galaxies_are_those_of_galsim(early):
    when = visit()
    at = Frequencies.of(padded_size(301), SCALE)
    image = expose(blob_spectra(blob(early), at), when, at, 101)[2]
    # GalSim's radius is that of the circle of the same area.
    profile = galsim.DeVaucouleurs if early else galsim.Exponential
    model = profile(half_light_radius=2.0 * np.sqrt(0.5), flux=10.0)
    model = model.shear(q=0.5, beta=0.6 * galsim.radians)
    e1, e2 = when.psf.shape[2]
    widths = when.psf.sigma_arcsec[2] * np.array([1, 2.2, 5.5]) * (1 - e1**2 - e2**2) ** 0.25
    psf = galsim.Sum(
        [
            galsim.Gaussian(sigma=sigma, flux=share).shear(e1=e1, e2=e2)
            for sigma, share in zip(widths, when.psf.shares, strict=True)
        ]
    )
    drawn = galsim.Convolve(model, psf).drawImage(nx=101, ny=101, scale=SCALE).array
    # The mixture for a de Vaucouleurs profile ends at eight half-light radii.
    tolerance = 0.05 if early else 0.02
    assert np.abs(image - drawn).max() < tolerance * drawn.max()
    assert image.sum() == pytest.approx(drawn.sum(), rel=tolerance)


def test_a_painted_host_is_placed_and_convolved_as_its_pixels():
    n = 96
    bands = np.zeros((5, n, n), np.float32)
    bands[:, n // 2 - 1 : n // 2 + 1, n // 2 - 1 : n // 2 + 1] = 0.25
    at = Frequencies.of(n, SCALE)
    spectra = light_spectra(Light(bands, bands[0], SCALE))
    image = expose(spectra, visit(), at, 60)[2]
    assert centroid(image) == pytest.approx([29.5, 29.5], abs=0.02)
    assert image.sum() == pytest.approx(1, rel=0.02)


def test_noise_before_resampling_is_the_variance():
    when = visit(phases=np.zeros((5, 2)))
    var = variance(np.zeros((5, 200, 200)), when)
    found = noise(np.random.default_rng(0), var, when)
    assert found.std(axis=(1, 2)) == pytest.approx(sky_noise(when), rel=0.02)


@settings(max_examples=10, deadline=None)
@given(phase=st.floats(-0.5, 0.5))
def test_spline_response_is_that_of_ndimage(phase):
    n = 128
    white = np.random.default_rng(1).normal(size=n)
    moved = ndimage.shift(white, phase, order=3, mode="grid-wrap")
    ratio = np.abs(np.fft.rfft(moved)) / np.abs(np.fft.rfft(white))
    assert spline_response(np.fft.rfftfreq(n), phase) == pytest.approx(ratio, abs=1e-6)


def test_resampled_noise_is_less_a_pixel_and_correlated():
    when = visit(phases=np.full((5, 2), 0.5))
    var = np.ones((5, 240, 240))
    found = noise(np.random.default_rng(0), var, when)
    assert found[2].std() == pytest.approx(1, rel=0.02)
    assert found[1].std() < 0.8
    neighbours = [np.corrcoef(f[:, 1:].ravel(), f[:, :-1].ravel())[0, 1] for f in found]
    assert abs(neighbours[2]) < 0.02
    assert neighbours[1] > 0.1
    # Over many pixels nothing is lost.
    assert found[1].reshape(24, 10, 24, 10).sum(axis=(1, 3)).std() == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("size", [40, 41, 97, 101, 211])
def test_padded_size_keeps_parity(size):
    assert padded_size(size) >= size
    assert (padded_size(size) - size) % 2 == 0
