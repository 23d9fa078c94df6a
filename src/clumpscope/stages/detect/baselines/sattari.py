"""The clump finder of Sattari et al. 2023 (ApJ 951, 147): a low-pass filter in Fourier space.

Theirs, on HST images of the rest-frame ultraviolet: the low frequencies of the galaxy's image make
its background, what the image has above that is searched for sources of more than 3 sigma of the
residual's fluctuation.

Here the filter is a Gaussian, which does not ring, of half amplitude at a wavelength of 9 PSF-FWHM,
and a source has at least 5 pixels; both are our choice, the former made on simulated galaxies. The
image is mirrored at its edges, as a Fourier transform would join the opposite ones. Their cut at
10 % of the host's flux is a matter of the catalogue's flux ratio.
"""

import numpy as np
from scipy.fft import fftfreq, irfft2, rfft2, rfftfreq

from clumpscope.stages.detect.baselines.method import Method, Peaks, connected
from clumpscope.stages.detect.baselines.scene import Plane

_WAVELENGTH_FWHM = 9.0
_SIGMA = 3.0
_PIXELS = 5


def _sharpen(plane: Plane, fwhm_px: float) -> Plane:
    ny, nx = plane.shape
    mirrored = np.pad(plane, ((0, ny), (0, nx)), mode="symmetric")
    frequency = np.hypot(fftfreq(2 * ny)[:, None], rfftfreq(2 * nx))
    passed = 0.5 ** ((frequency * _WAVELENGTH_FWHM * fwhm_px) ** 2)
    background = irfft2(rfft2(mirrored) * passed, mirrored.shape)[:ny, :nx]
    sharp: Plane = plane - background
    return sharp


def _pick(significance: Plane, _: float) -> Peaks:
    return connected(significance, _SIGMA, _PIXELS)


SATTARI = Method(_sharpen, _pick)
