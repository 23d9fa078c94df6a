"""Frames of a survey that is none of ours, and PSFs drawn by galsim."""

from pathlib import Path

import galsim
import numpy as np

import scenes
from clumpscope.core.field import Frame

SCALE = 0.2  # arcsec a pixel


def blank(shape=(300, 400), scale=SCALE, data=None, sigma=0.02, band="r"):
    data = np.zeros(shape) if data is None else data
    noise = np.random.default_rng(0).normal(0, sigma, data.shape)
    return Frame(
        Path("field_r.fits"),
        band,
        (data + noise).astype(np.float32),
        np.full(data.shape, sigma**2, np.float32),
        scenes.make_wcs(data.shape, scale),
    )


def starry(model, shape=(420, 420), number=36, seed=1, scale=SCALE):
    """Stars of a model (pixels) on a jittered grid."""
    rng = np.random.default_rng(seed)
    image = galsim.Image(np.zeros(shape), xmin=0, ymin=0, scale=1.0)
    side = int(np.ceil(np.sqrt(number)))
    for n in range(number):
        x, y = (
            (index + 1) * length / (side + 1) + rng.uniform(-3, 3)
            for index, length in zip((n % side, n // side), shape[::-1], strict=True)
        )
        star = model.withFlux(rng.uniform(40, 400))
        stamp = star.drawImage(nx=101, ny=101, scale=1.0, center=galsim.PositionD(x, y))
        both = stamp.bounds & image.bounds
        image[both] += stamp[both]
    return blank(data=image.array, scale=scale)


def drawn(model, side=41, finer=1.0, effective=False):
    if effective:
        held = galsim.Convolve(model, galsim.Pixel(1.0))
        return held.drawImage(nx=side, ny=side, scale=1 / finer, method="no_pixel").array
    return model.drawImage(nx=side, ny=side, scale=1 / finer).array


def unit(image):
    return image / image.sum()
