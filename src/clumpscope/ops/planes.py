"""Bands of a galaxy on some of its pixels, and all of them together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import GalaxyImage, MaskBit

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Planes(NamedTuple):
    """b bands on q pixels.

    Attributes
    ----------
    data, variance
        (b, q), 0 where one of them is not finite.
    bits
        (b, q) of `MaskBit`; there without data.
    noise
        (b,) median of a pixel's; NaN of a band without data.
    """

    data: Values
    variance: Values
    bits: NDArray[np.uint8]
    noise: Values

    @classmethod
    def of(cls, image: GalaxyImage, bands: Sequence[str], pixels: NDArray[np.intp]) -> "Planes":
        """At ``pixels`` (q,), indices into the flattened image."""
        planes = [image[band] for band in bands]
        data = np.array([plane.data.ravel()[pixels] for plane in planes], dtype=float)
        variance = np.array([plane.variance.ravel()[pixels] for plane in planes], dtype=float)
        bits = np.array([plane.mask.ravel()[pixels] for plane in planes])
        finite = np.isfinite(data) & np.isfinite(variance)
        if not finite.all():
            data, variance = np.where(finite, data, 0), np.where(finite, variance, 0)
            bits = np.where(finite, bits, bits | MaskBit.NO_DATA).astype(np.uint8)
        return cls(data, variance, bits, np.array([plane.noise for plane in planes]))

    def some(self, bands: slice) -> "Planes":
        """Only these bands."""
        data, variance, bits, noise = self
        return Planes(data[bands], variance[bands], bits[bands], noise[bands])

    @property
    def good(self) -> Flags:
        """(q,) True where every one of the bands that have any data can be measured."""
        good: Flags = (self.bits[np.isfinite(self.noise)] == 0).all(axis=0)
        return good

    @property
    def light(self) -> Values:
        """(q,) signal-to-noise a pixel of all together; 0 stands where a band cannot be measured.

        Each band counts over its median noise, so that none rules.
        """
        known = np.isfinite(self.noise)
        data = np.where(self.bits[known] == 0, self.data[known], 0).astype(np.float32)
        shares = data / self.noise[known, None].astype(np.float32)  # as exact as images are
        light: Values = shares.sum(axis=0, dtype=float) / np.sqrt(len(self.noise))
        return light
