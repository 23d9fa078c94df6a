"""Stars and noise for tests of a frame's masks."""

import numpy as np

from clumpscope.core.field import LocalPsf


class OnePsf:
    """The same PSF everywhere."""

    def __init__(self, image, fwhm_px):
        self.local = LocalPsf(image, fwhm_px, assumed=True)

    def at(self, row, col):
        return self.local


def star(shape, x, y, peak, fwhm):
    rows, cols = np.indices(shape)
    return peak * np.exp(-4 * np.log(2) * ((cols - x) ** 2 + (rows - y) ** 2) / fwhm**2)


def noisy(image, seed=1, sigma=10.0, gain=4.0):
    """The image with noise, and its standard deviation."""
    rng = np.random.default_rng(seed)
    variance = sigma**2 + np.maximum(image, 0) / gain
    return image + rng.normal(0, np.sqrt(variance)), np.sqrt(variance)
