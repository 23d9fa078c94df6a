"""Random changes of training images, boxes with them."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from clumpscope.config.train import AugmentConfig


@dataclass(frozen=True, eq=False)
class Example:
    """One image (C, H, W) float32 with boxes (n, 4) and labels (n,); noise (C,) of a stack.

    ``way`` says how it was mirrored: 1 for columns, 2 for rows, 4 for being transposed then.
    """

    pixels: NDArray[np.float32]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    noise: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    way: int = 0


def augment(example: Example, config: AugmentConfig, rng: np.random.Generator) -> Example:
    """Change a composite at random: geometry first, then brightness and sharpness."""
    if config.flips:
        horizontal, vertical, transposed = rng.random(3) < 0.5
        example = flipped(example, horizontal, vertical, transposed and config.transpose)
    if config.scale:
        example = _scaled(example, float(rng.uniform(1 - config.scale, 1 + config.scale)))
    pixels = example.pixels
    if rng.random() < config.smooth:
        width = rng.uniform(0.5, 2.0)
        pixels = gaussian_filter(pixels, (0, width, width), truncate=2.5)
    factors = np.exp(config.gain * rng.standard_normal() + config.colour * rng.standard_normal(3))
    pixels = pixels * factors[:, None, None].astype(np.float32)
    exponent = np.float32(np.exp(config.gamma * rng.standard_normal()))
    return replace(example, pixels=np.clip(pixels, 0, 1) ** exponent)


def flipped(example: Example, horizontal: bool, vertical: bool, transposed: bool) -> Example:
    """Mirrored on each axis, then transposed."""
    pixels, boxes = example.pixels, example.boxes
    _, height, width = pixels.shape
    if horizontal:
        pixels = pixels[:, :, ::-1]
        boxes = np.column_stack(
            [width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]]
        )
    if vertical:
        pixels = pixels[:, ::-1, :]
        boxes = np.column_stack(
            [boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]]
        )
    if transposed:
        pixels = pixels.transpose(0, 2, 1)
        boxes = boxes[:, [1, 0, 3, 2]]
    way = int(horizontal) + 2 * int(vertical) + 4 * int(transposed)
    return replace(example, pixels=pixels, boxes=boxes, way=way)


def _scaled(example: Example, factor: float) -> Example:
    """Enlarged or shrunk about the centre, by nearest neighbour, in the same frame."""
    _, height, width = example.pixels.shape
    centre = np.array([width, height]) / 2
    cols, rows = (
        np.floor((np.arange(size) + 0.5 - middle) / factor + middle).astype(np.intp)
        for size, middle in zip((width, height), centre, strict=True)
    )
    seen_cols, seen_rows = (cols >= 0) & (cols < width), (rows >= 0) & (rows < height)
    pixels = np.zeros_like(example.pixels)
    shown = np.ix_(range(len(pixels)), seen_rows, seen_cols)
    pixels[shown] = example.pixels[np.ix_(range(len(pixels)), rows[seen_rows], cols[seen_cols])]
    middle = np.tile(centre, 2)
    return Example(pixels, (example.boxes - middle) * factor + middle, example.labels)
