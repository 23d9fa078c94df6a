"""How the survey sees a galaxy: PSF, pixels, sky, photon and read noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from clumpscope.config import SimulateConfig
from clumpscope.core.galaxy import SDSS_BANDS
from clumpscope.simulate.clumps import Sources
from clumpscope.simulate.hosts import OVERSAMPLE, Map

# PSF-FWHM over that in r; typical of SDSS for u, g, r, i, z.
_WIDTHS = np.array([1.16, 1.07, 1.0, 0.96, 0.98])
# Sky of SDSS, nmgy a square arcsec, from magnitudes 22.15, 21.85, 20.86, 20.2, 18.8.
_SKY = 10 ** (-0.4 * (np.array([22.15, 21.85, 20.86, 20.2, 18.8]) - 22.5))
# Photo-electrons a nmgy and read noise (nmgy): median calibration of the shared frames' kind,
# gains and dark variances of camera column 3.
_CALIBRATION = np.array([0.0096, 0.0038, 0.0050, 0.0067, 0.032])
_GAIN = np.array([1.59, 3.845, 4.72, 4.86, 4.885])
_DARK = np.array([8.7025, 1.3225, 1.3225, 4.6225, 1.0])

STAMP = 25  # side of the PSF images, pixels
_MARGIN = 16  # pixels kept around a cutout, so that light does not wrap


@dataclass(frozen=True)
class Conditions:
    """One visit: core PSF-FWHM a band (arcsec), wing share, noise over SDSS's, rotation."""

    fwhm_arcsec: tuple[float, ...]
    wing: float
    noise: float
    rotation: float  # of the pixel grid on the sky, radians
    parity: int  # -1 mirrors the grid


def draw_conditions(rng: np.random.Generator, config: SimulateConfig) -> Conditions:
    """Draw seeing, depth and orientation."""
    low, high = config.psf_fwhm_r_arcsec
    seeing = low + (high - low) * rng.beta(2, 3)
    widths = seeing * _WIDTHS * rng.normal(1, 0.02, len(SDSS_BANDS))
    shallow, deep = config.noise_factor
    return Conditions(
        fwhm_arcsec=tuple(float(width) for width in widths),
        wing=float(rng.uniform(0.04, 0.14)),
        noise=float(np.exp(rng.uniform(np.log(shallow), np.log(deep)))),
        rotation=float(rng.uniform(0, 2 * np.pi)),
        parity=int(rng.choice([-1, 1])),
    )


def _frequencies(n: int, pixscale: float) -> tuple[Map, Map]:
    """Spatial frequencies (cycles an arcsec) of an (n, n) real transform: (n, 1), (1, n//2+1)."""
    return fft.fftfreq(n, pixscale)[:, None], fft.rfftfreq(n, pixscale)[None, :]


def _transfer(ky: Map, kx: Map, fwhm: float, wing: float, pixscale: float) -> Map:
    """Transfer function of a double Gaussian (wing 2.6 times wider) and the pixel."""
    sigma = fwhm / np.sqrt(8 * np.log(2))
    k2 = kx**2 + ky**2
    core = np.exp(-2 * np.pi**2 * sigma**2 * k2)
    halo = np.exp(-2 * np.pi**2 * (2.6 * sigma) ** 2 * k2)
    transfer: Map = (
        ((1 - wing) * core + wing * halo) * np.sinc(kx * pixscale) * np.sinc(ky * pixscale)
    )
    return transfer


def psf_images(conditions: Conditions, pixscale: float) -> NDArray[np.float32]:
    """(5, STAMP, STAMP) PSFs of the five bands, pixel included, centred, each of sum 1."""
    n = 2 * STAMP
    ky, kx = _frequencies(n, pixscale)
    stamps = []
    for fwhm in conditions.fwhm_arcsec:
        image = fft.fftshift(
            fft.irfft2(_transfer(ky, kx, fwhm, conditions.wing, pixscale), s=(n, n))
        )
        half = STAMP // 2
        stamp = image[n // 2 - half : n // 2 + half + 1, n // 2 - half : n // 2 + half + 1]
        stamps.append(stamp / stamp.sum())
    return np.array(stamps, dtype=np.float32)


def padded_size(size_px: int) -> int:
    """Side of the grid on which a cutout of ``size_px`` is computed; even or odd as that is."""
    n = int(fft.next_fast_len(size_px + 2 * _MARGIN, real=True))
    while (n - size_px) % 2:
        n = int(fft.next_fast_len(n + 1, real=True))
    return n


def expose(
    maps: dict[str, Map],
    fluxes: dict[str, tuple[float, ...]],
    sources: Sources,
    conditions: Conditions,
    size_px: int,
    pixscale: float,
) -> Map:
    """Noise-free images (5, size_px, size_px), nanomaggy a pixel.

    ``maps`` are unit-sum lights on the oversampled grid of `padded_size` pixels; compact
    sources are placed exactly, by their phase in Fourier space. The host's centre is the
    middle of the cutout.
    """
    n = padded_size(size_px)
    ky, kx = _frequencies(n, pixscale)
    spectra = {name: _coarse(fft.rfft2(light), n) for name, light in maps.items()}
    centre = (n - 1) / 2 * pixscale
    row_phase = np.exp(
        -2j * np.pi * ky * (sources.y + centre) - 2 * (np.pi * ky * sources.sigma) ** 2
    )
    col_phase = np.exp(
        -2j * np.pi * kx.T * (sources.x + centre) - 2 * (np.pi * kx.T * sources.sigma) ** 2
    )
    start = (n - size_px) // 2
    images = []
    for band in range(len(SDSS_BANDS)):
        # Not a matrix product: BLAS rounds differently with the number of threads.
        spectrum = np.einsum("yn,xn->yx", row_phase * sources.flux[:, band], col_phase)
        for name, light in spectra.items():
            spectrum = spectrum + fluxes[name][band] * light
        transfer = _transfer(ky, kx, conditions.fwhm_arcsec[band], conditions.wing, pixscale)
        image = fft.irfft2(spectrum * transfer, s=(n, n))
        images.append(image[start : start + size_px, start : start + size_px])
    return np.array(images)


def _coarse(spectrum: NDArray[np.complex128], n: int) -> NDArray[np.complex128]:
    """Low frequencies of a map on the oversampled grid, as if its light lay on (n, n) points.

    The centre of the fine grid, (OVERSAMPLE n - 1) / 2, goes to (n - 1) / 2.
    """
    half = n // 2
    coarse = np.concatenate(
        [spectrum[: half + n % 2, : half + 1], spectrum[-half:, : half + 1]], axis=0
    )
    shift = (OVERSAMPLE - 1) / 2 / OVERSAMPLE  # of the first fine sample, in coarse pixels
    ky, kx = fft.fftfreq(n)[:, None], fft.rfftfreq(n)[None, :]
    phase: NDArray[np.complex128] = coarse * np.exp(2j * np.pi * (ky + kx) * shift)
    return phase


def variance(image: Map, conditions: Conditions, pixscale: float) -> Map:
    """Pixel variance (5, ny, nx) of photons, sky and read noise, nanomaggy squared."""
    electrons = (_GAIN / _CALIBRATION)[:, None, None]
    sky = (_SKY * pixscale**2)[:, None, None]
    read = (_DARK * _CALIBRATION**2)[:, None, None]
    total: Map = (np.maximum(image, 0) + sky) / electrons + read
    return total * conditions.noise**2
