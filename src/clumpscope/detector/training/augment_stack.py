"""Random changes of training stacks of bands, boxes with them."""

from dataclasses import replace

import numpy as np

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.augment import Example, flipped

_KEPT = 2  # bands, at least
_LOST = 0.4  # chance of each other band to be lost where any is


def augment_stack(example: Example, config: AugmentConfig, rng: np.random.Generator) -> Example:
    """Change a stack at random: a part of it, mirrored, brighter, noisier, with fewer bands."""
    if config.window_px:
        example = _part(example, config.window_px, rng)
    if config.flips:
        horizontal, vertical, transposed = rng.random(3) < 0.5
        example = flipped(example, horizontal, vertical, transposed and config.transpose)
    light, tones = example.pixels, example.noise
    gains = config.gain * rng.standard_normal() + config.colour * rng.standard_normal(len(light))
    light = light * np.exp(gains)[:, None, None].astype(np.float32)
    if rng.random() < config.noisy:
        # Over their own noise, deeper images become brighter, shallower ones noisier.
        factors = np.exp(rng.uniform(0, config.noise, (len(light), 1, 1))).astype(np.float32)
        light += np.sqrt(factors**2 - 1) * rng.standard_normal(light.shape, dtype=np.float32)
        light /= factors
        tones = tones + np.log(factors[:, 0, 0])
    if rng.random() < config.fewer_bands:
        lost = rng.random(len(light)) < _LOST
        there = np.flatnonzero(np.isfinite(tones))
        lost[rng.choice(there, min(_KEPT, len(there)), replace=False)] = False
        light = np.where(lost[:, None, None], np.float32(np.nan), light)
        tones = np.where(lost, np.float32(np.nan), tones)
    return replace(example, pixels=light, noise=tones)


def _part(example: Example, side: int, rng: np.random.Generator) -> Example:
    """A part of at most ``side`` px on either axis, anywhere in the image."""
    height, width = example.pixels.shape[1:]
    top, left = (int(rng.integers(max(0, size - side) + 1)) for size in (height, width))
    pixels = example.pixels[:, top : top + side, left : left + side]
    return replace(example, pixels=pixels, boxes=example.boxes - [left, top, left, top])
