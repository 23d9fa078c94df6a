"""Bands at the scale of the PSF: what a survey's noise, seeing and pixels leave of a source."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.config.stack import StackConfig
from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.errors import ImageError
from clumpscope.ops.stack import band_stack, encoded

CONFIG = StackConfig()


def changed(image: GalaxyImage, band: str, **parts) -> GalaxyImage:
    plane = image[band]
    values = {name: parts.get(name, getattr(plane, name)) for name in ("data", "variance", "mask")}
    other = BandImage(**values, wcs=plane.wcs, psf_fwhm_arcsec=plane.psf_fwhm_arcsec)
    return GalaxyImage(image.galaxy_id, {**image.bands, band: other}, image.ra, image.dec)


@settings(deadline=None)
@given(
    fwhm=st.floats(1.0, 2.2),
    sigma=st.floats(1e-3, 1e-1),
    snr=st.floats(20, 200),
    x=st.floats(46, 54),
    y=st.floats(46, 54),
)
def test_a_point_of_one_signal_to_noise_looks_the_same_in_all_surveys(fwhm, sigma, snr, x, y):
    """Its peak is S/N / (sqrt(pi) s), s the PSF's sigma in new pixels; it lies where it lay."""
    pixels = fwhm / scenes.PIXSCALE / 2.3548
    flux = snr * sigma * np.sqrt(4 * np.pi) * pixels
    image = scenes.galaxy(
        xy=[[x, y]], flux=flux, host_flux=0, fwhm_arcsec=fwhm, sky_sigma=sigma, noise=False
    )
    stack = band_stack(image, CONFIG)
    light = stack.light[2]
    total = light.sum()
    s = CONFIG.fwhm_px / 2.3548
    assert total == pytest.approx(snr * np.sqrt(4 * np.pi) * s, rel=0.02)
    row, col = np.unravel_index(np.argmax(light), light.shape)
    there = stack.frame.native_to_composite([[x, y]])[0]
    assert [col + 0.5, row + 0.5] == pytest.approx(there, abs=0.8)
    offset2 = (col + 0.5 - there[0]) ** 2 + (row + 0.5 - there[1]) ** 2
    peak = snr / (np.sqrt(np.pi) * s) * np.exp(-offset2 / 2 / s**2)
    assert light.max() == pytest.approx(peak, rel=0.1)  # cubic interpolation blurs few pixels


def test_blank_sky_has_the_same_noise_in_every_band():
    image = scenes.galaxy(host_flux=0, shape=(200, 200))
    light = band_stack(image, StackConfig(fwhm_px=scenes.FWHM_PX)).light  # not resampled
    np.testing.assert_allclose(light.std(axis=(1, 2)), 1, rtol=0.03)


@settings(deadline=None)
@given(turn=st.sampled_from([(1, -1), (-1, 1), (-1, -1)]), side=st.integers(60, 75))
def test_a_mirrored_galaxy_has_a_mirrored_stack(turn, side):
    image = scenes.galaxy(shape=(side, side + 3), xy=[[25, 31]], noise=False)
    mirrored = image
    for band in image.bands:
        mirrored = changed(mirrored, band, data=image[band].data[:: turn[0], :: turn[1]].copy())
    one, other = (band_stack(i, CONFIG).light for i in (image, mirrored))
    np.testing.assert_allclose(other, one[:, :: turn[0], :: turn[1]], atol=2e-3 * one.max())


def test_the_outline_and_its_rim_are_seen_and_no_more():
    image = scenes.galaxy(shape=(200, 160), scale_px=4.0)
    small = band_stack(image, CONFIG)
    wide = band_stack(image, StackConfig(margin_fwhm=6))
    assert max(small.light.shape[1:]) < 110
    grown = np.subtract(wide.light.shape[1:], small.light.shape[1:])
    np.testing.assert_allclose(grown, 6 * CONFIG.fwhm_px, atol=3)
    nothing = scenes.galaxy(shape=(200, 160), host_flux=0)
    whole = band_stack(nothing, CONFIG)
    assert whole.light.shape[1:] == tuple(
        int(n * CONFIG.fwhm_px / scenes.FWHM_PX) for n in (200, 160)
    )


def test_a_large_host_is_put_on_coarser_pixels():
    image = scenes.galaxy(shape=(200, 200), scale_px=30.0, host_flux=5000)
    stack = band_stack(image, StackConfig(longest_px=64))
    height, width = stack.light.shape[1:]
    assert max(height, width) == 64
    corners = stack.frame.boxes_composite_to_fraction([[0, 0, width, height]])
    np.testing.assert_allclose(corners, [[0, 0, 1, 1]], atol=0.08)


def test_what_is_masked_or_missing_is_unseen():
    image = scenes.galaxy(bands=("g", "r", "i"), shape=(100, 100), host_flux=0)
    mask = np.zeros((100, 100), dtype=np.uint8)
    mask[20:40, 30:60] = MaskBit.STAR
    image = changed(image, "g", mask=mask)
    stack = band_stack(image, CONFIG)
    unseen = ~np.isfinite(stack.light)
    assert unseen[0].all()
    assert unseen[4].all()
    assert not unseen[2:4].any()
    assert unseen[1].mean() == pytest.approx(0.06, abs=0.005)
    row, col = (np.flatnonzero(unseen[1].any(axis=axis)) for axis in (1, 0))
    scale = stack.frame.scale
    assert [row[0], row[-1] + 1] == pytest.approx([20 * scale, 40 * scale], abs=1)
    assert [col[0], col[-1] + 1] == pytest.approx([30 * scale, 60 * scale], abs=1)
    assert np.isnan(stack.noise[[0, 4]]).all()
    planes = stack.pixels
    assert planes.shape == (15, *stack.light.shape[1:])
    assert np.isfinite(planes).all()
    assert not np.any([part[unseen] for part in np.split(planes, 3)])
    assert (planes[10:][~unseen] == 1).all()  # all bands are as deep here


def test_light_is_compressed_and_depth_told():
    light = np.array([0.0, 1.0, -1.0, 1e4], dtype=np.float32).reshape(2, 1, 2)
    tones = np.log(np.array([4.0, 1.0], dtype=np.float32))
    planes = encoded(light, tones, StackConfig(bands=("g", "r")))
    np.testing.assert_allclose(planes[:2], np.arcsinh(light) / 3, rtol=1e-6)
    # Depths are about their mean, so that it does not matter which band is the reference.
    np.testing.assert_allclose(planes[4:, 0, 0], 1 + np.array([1, -1]) * np.log(2) / 4, rtol=1e-6)


@pytest.mark.parametrize("host", [0.0, 10.0, 1000.0])
def test_a_knot_of_one_signal_to_noise_shows_alike_on_any_host(host):
    """Its height over the noise of sky and host, which is (1 + host / 20)^(1/2) of the sky's."""
    noise = np.sqrt(1 + host / 20)
    light = np.full((1, 31, 31), host, dtype=np.float32)
    light[0, 15, 15] += 20 * noise
    details = encoded(light, np.zeros(1, np.float32), StackConfig(bands=("g",)))[1]
    assert np.sinh(3 * details[15, 15]) == pytest.approx(20 * (1 - 1 / 49), rel=0.02)
    assert np.abs(details[5:10, 5:10]).max() < 1e-4


@settings(deadline=None)
@given(row=st.integers(0, 20), col=st.integers(0, 20), size=st.integers(1, 9))
def test_what_is_unseen_makes_no_details(row, col, size):
    light = np.full((1, 21, 21), 50, dtype=np.float32)
    light[0, row : row + size, col : col + size] = np.nan
    details = encoded(light, np.zeros(1, np.float32), StackConfig(bands=("g",)))[1]
    np.testing.assert_allclose(details, 0, atol=1e-5)


def test_an_image_without_any_of_the_bands_is_refused():
    image = scenes.galaxy("g7", bands=("g", "r"))
    with pytest.raises(ImageError, match="g7 bands: expected at least one of i z .*got g r"):
        band_stack(image, StackConfig(bands=("i", "z")))
