import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import band_image, galaxy_image
from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import Composite, colour, composite
from clumpscope.core.frames import PixelFrame
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.errors import ImageError

CONFIG = CompositeConfig()


def lupton(red, green, blue, minimum, stretch, softening):
    """Lupton et al. 2004, equations 1 and 2, pixel by pixel, in plain floats.

    Intensity I is the mean of the bands and each band is scaled by f(I) / I; a pixel with a
    channel over 1 is divided by it, so that its colour is kept. f is the paper's asinh,
    scaled so that a tenth of the range falls on I = stretch / 10 above the minimum.
    """
    out = np.zeros((*red.shape, 3))
    for index in np.ndindex(red.shape):
        bands = np.array([float(red[index]), float(green[index]), float(blue[index])]) - minimum
        intensity = bands.mean()
        if intensity <= 0:
            continue
        value = 0.1 * np.arcsinh(softening * intensity / stretch) / np.arcsinh(0.1 * softening)
        pixel = np.clip(bands * value / intensity, 0, None)
        out[index] = pixel / max(1.0, pixel.max())
    return out


def scene(shape=(30, 30), amplitude=5.0, seed=3) -> GalaxyImage:
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    profile = np.exp(-np.hypot(x - shape[1] / 2, y - shape[0] / 2) / 5)
    bands = {
        band: band_image(
            shape,
            data=(amplitude * weight * profile + rng.normal(0, 0.02, shape)).astype(np.float32),
        )
        for band, weight in zip("gri", (0.3, 0.6, 1.0), strict=True)
    }
    return GalaxyImage("g1", bands)


@pytest.mark.parametrize("amplitude", [0.05, 0.5, 5.0, 500.0])
def test_colours_are_those_of_the_paper(amplitude):
    image = scene(amplitude=amplitude)
    expected = lupton(
        0.7 * image["i"].data, 1.17 * image["r"].data, 1.818 * image["g"].data, 0.0, 0.2, 7.0
    )
    found = colour(image, CONFIG)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-5)


@given(st.floats(0.01, 5), st.floats(0.1, 20), st.floats(0.01, 100), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_colours_follow_the_recipe(stretch, softening, amplitude, seed):
    config = CompositeConfig(
        bands=("r", "g", "i"), scales=(1.0, 2.0, 0.5), stretch=stretch, softening=softening
    )
    image = scene((6, 7), amplitude, seed)
    expected = lupton(
        image["r"].data, 2 * image["g"].data, 0.5 * image["i"].data, 0.0, stretch, softening
    )
    np.testing.assert_allclose(colour(image, config), expected, atol=1e-4)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_enlargement_is_the_nearest_neighbour(scale):
    n = 400 // scale
    image = scene((n, n))
    found = composite(image, CompositeConfig(crop=400)).pixels
    native = np.moveaxis(colour(image, CONFIG), -1, 0)
    np.testing.assert_array_equal(found, native.repeat(scale, axis=1).repeat(scale, axis=2))


@pytest.mark.parametrize("shape", [(100, 100), (101, 101), (226, 226), (60, 100), (100, 61)])
def test_the_crop_is_the_middle_of_the_whole(shape):
    image = scene(shape)
    whole = composite(image, CompositeConfig(crop=400)).pixels
    crop = composite(image, CompositeConfig(crop=200)).pixels
    np.testing.assert_array_equal(crop, whole[:, 100:300, 100:300])


def test_rows_stay_as_stored():
    image = scene((50, 50))
    image["r"].data[5:10, 20:30] += 50
    pixels = composite(image, CompositeConfig(crop=400)).pixels
    assert pixels[1, 40:80, 160:240].min() > pixels[1, 320:360, 160:240].max()


@given(
    st.floats(0.3, 0.7),
    st.floats(0.3, 0.7),
    st.tuples(st.integers(30, 130), st.integers(30, 130)),
)
@settings(max_examples=40, deadline=None)
def test_a_point_source_is_where_its_frame_says(fx, fy, shape):
    ny, nx = shape
    x, y = fx * (nx - 1), fy * (ny - 1)
    rows, cols = np.indices(shape)
    star = np.exp(-0.5 * ((cols - x) ** 2 + (rows - y) ** 2) / 2.0**2).astype(np.float32)
    # Faint, where the stretch is still linear.
    image = GalaxyImage("g1", {band: band_image(shape, data=1e-3 * star) for band in "gri"})
    made = composite(image, CompositeConfig(crop=400))
    light = made.pixels.sum(axis=0, dtype=float)
    edges = np.arange(400) + 0.5
    centre = [light.sum(axis=0) @ edges / light.sum(), light.sum(axis=1) @ edges / light.sum()]
    expected = made.frame.native_to_composite([[x, y]])[0]
    # A native pixel is repeated a whole number of times, which shifts light by half a pixel.
    np.testing.assert_allclose(centre, expected, atol=0.5)
    np.testing.assert_allclose(made.frame.composite_to_native([centre])[0], [x, y], atol=0.25)


def test_a_picture_is_only_enlarged():
    rng = np.random.default_rng(0)
    picture = ColourImage("g1", rng.random((100, 100, 3), dtype=np.float32), 0.396, 1.3)
    made = composite(picture, CompositeConfig(crop=400))
    native = np.moveaxis(picture.pixels, -1, 0)
    np.testing.assert_array_equal(made.pixels, native.repeat(4, axis=1).repeat(4, axis=2))


def test_padding_is_black():
    made = composite(scene((20, 40)), CompositeConfig(size=80, crop=80))
    assert made.pixels[:, :20].max() == 0
    assert made.pixels[:, 60:].max() == 0
    assert made.pixels[:, 20:60].max() > 0


def test_a_missing_band():
    with pytest.raises(ImageError, match="g1 composite: expected bands i r g, got g r; add i "):
        composite(galaxy_image(bands="gr"), CONFIG)


def test_a_constant_band():
    image = galaxy_image(bands="gri", data=np.ones((40, 40), np.float32))
    with pytest.raises(
        ImageError, match="band i: expected an image, got a constant; the part that is"
    ):
        composite(image, CONFIG)


def test_nan_pixels_are_dark_and_only_nan_is_an_error():
    image = galaxy_image(bands="gri")
    for plane in image.bands.values():
        plane.data[20, 20] = np.nan
    assert np.isfinite(composite(image, CONFIG).pixels).all()
    empty = galaxy_image(bands="gri", data=np.full((40, 40), np.nan, np.float32))
    with pytest.raises(ImageError, match="band i: expected finite pixels, got only NaN; the part"):
        composite(empty, CONFIG)


def test_pixels_fit_the_frame():
    frame = PixelFrame.centred((10, 10), 40, 20)
    with pytest.raises(ImageError, match=r"g1: expected shape \(3, 20, 20\)"):
        Composite("g1", np.zeros((3, 40, 40), np.float32), CONFIG, frame)
