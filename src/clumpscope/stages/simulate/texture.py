"""Random fields: the patchiness of disks."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Map = NDArray[np.float32]


def grain(rng: np.random.Generator, n: int, scale_px: float, slope: float = 2.6) -> Map:
    """Periodic Gaussian random field (n, n) of zero mean and unit variance.

    Power is flat below the frequency 1 / ``scale_px`` (radians a pixel) and falls as
    k^-``slope`` beyond.
    """
    k = np.hypot(fft.fftfreq(n)[:, None], fft.rfftfreq(n)[None, :]).astype(np.float32)
    amplitude = (1 + (2 * np.pi * scale_px * k) ** 2) ** np.float32(-slope / 4)
    amplitude[0, 0] = 0
    shape = (2, *amplitude.shape)
    noise = rng.standard_normal(shape, dtype=np.float32)
    field = fft.irfft2((noise[0] + 1j * noise[1]) * amplitude, s=(n, n))
    texture: Map = field / field.std()
    return texture


_ROWS, _COLS = 128, 256  # of the polar texture: ln radius, azimuth
_DECADES = 3.2  # of e in radius before it repeats
# Amplitudes, for streaks longer along the spiral than across.
_STREAKS = (
    (
        1
        + (2 * np.pi * 18 * fft.fftfreq(_ROWS)[:, None]) ** 2
        + (2 * np.pi * 7 * fft.rfftfreq(_COLS)[None, :]) ** 2
    )
    ** -0.75
).astype(np.float32)
_STREAKS[0, 0] = 0


def sheared(
    rng: np.random.Generator, log_radius: Map, azimuth: Map, pitch: float, sense: int
) -> Map:
    """Unit-variance field of stretches that trail along log spirals of ``pitch`` (radians).

    ``log_radius`` is ln(R/h), ``azimuth`` radians; ``sense`` +1 or -1 is the direction in
    which spirals open.
    """
    noise = rng.standard_normal((2, *_STREAKS.shape), dtype=np.float32)
    field = fft.irfft2((noise[0] + 1j * noise[1]) * _STREAKS, s=(_ROWS, _COLS))
    field = field / field.std()
    turned = sense * azimuth - log_radius * np.float32(1 / np.tan(pitch))
    row = (log_radius * np.float32(_ROWS / _DECADES)).astype(np.int32) % _ROWS
    col = np.floor(turned * np.float32(_COLS / (2 * np.pi))).astype(np.int32) % _COLS
    texture: Map = field[row, col]
    return texture
