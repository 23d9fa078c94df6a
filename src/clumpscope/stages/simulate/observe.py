"""How a survey sees a galaxy: PSF, pixels, sky, photons, read noise, resampling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from clumpscope.config.simulate import ObserveConfig
from clumpscope.stages.simulate.light import Light
from clumpscope.stages.simulate.psf import Frequencies, Psf, draw_psf, transfer
from clumpscope.stages.simulate.sources import Blobs, R, Sources, nanomaggies

Images = NDArray[np.float64]
Spectra = NDArray[np.complex64]

# Mixtures of Gaussians in units of the half-light radius: Hogg & Lang 2013.
_EXPONENTIAL = (
    (2.34853813e-3, 3.0799526e-2, 0.223364214, 1.17949102, 4.3387375, 5.9982077),
    (1.20078965e-3, 8.84526493e-3, 3.91463084e-2, 0.139976817, 0.4609625, 1.50159566),
)
_DE_VAUCOULEURS = (
    (0.0426347652, 0.240127183, 0.685907632, 1.5193735)
    + (2.83627243, 4.46467501, 5.7244083, 5.60989349),
    (2.23759216e-4, 1.0022010e-3, 4.18731126e-3, 0.0169432589)
    + (0.0684850479, 0.28720708, 1.33320254, 8.40215071),
)


@dataclass(frozen=True, eq=False)
class Visit:
    """One observation.

    Attributes
    ----------
    psf
        Of the B bands.
    electrons_per_nmgy, sky_nmgy, read_variance
        (B,): gain over calibration, sky a pixel, dark and read noise (nmgy^2 a pixel).
    noise
        Over that of these numbers.
    rotation, parity
        Of the pixel grid on the sky: radians, -1 mirrors it.
    dither
        (2,) of the host from the middle of the cutout, pixels, x and y.
    shifts
        (B, 2) of each band against r, pixels, x and y.
    phases
        (B, 2) where; not of r between its own pixels each band is resampled, pixels.
    """

    psf: Psf
    electrons_per_nmgy: NDArray[np.float64]
    sky_nmgy: NDArray[np.float64]
    read_variance: NDArray[np.float64]
    noise: float
    rotation: float
    parity: int
    dither: NDArray[np.float64]
    shifts: NDArray[np.float64]
    phases: NDArray[np.float64]


def draw_visit(rng: np.random.Generator, config: ObserveConfig) -> Visit:
    """Draw seeing, sky brightness, calibration, depth and orientation."""
    n = len(config.bands)
    sky_mag = np.array(config.sky_mag) + config.sky_scatter_mag * (
        rng.normal() + 0.5 * rng.normal(size=n)
    )
    calibration = np.array(config.nmgy_per_count) * np.exp(rng.normal(0, 0.05, n))
    low, high = np.log(config.noise_factor)
    shifts = rng.normal(0, 0.05, (n, 2))
    shifts[R] = 0
    return Visit(
        psf=draw_psf(rng, config),
        electrons_per_nmgy=np.array(config.gain) / calibration,
        sky_nmgy=nanomaggies(sky_mag) * config.pixscale_arcsec**2,
        read_variance=np.array(config.dark_variance) * calibration**2,
        noise=float(np.exp(rng.uniform(low, high))),
        rotation=float(rng.uniform(0, 2 * np.pi)),
        parity=int(rng.choice([-1, 1])),
        dither=rng.uniform(-0.5, 0.5, 2),
        shifts=shifts,
        phases=rng.uniform(-0.5, 0.5, (n, 2)),
    )


def light_spectra(light: Light) -> Spectra:
    """(B, n, n//2+1) of a painted host, its centre at the origin."""
    n = light.bands.shape[1]
    spectra: Spectra = fft.rfft2(light.bands)
    middle = (n - 1) / 2
    spectra *= np.exp(2j * np.pi * middle * fft.fftfreq(n)).astype(np.complex64)[:, None]
    spectra *= np.exp(2j * np.pi * middle * fft.rfftfreq(n)).astype(np.complex64)
    return spectra


def source_spectra(sources: Sources, at: Frequencies) -> Spectra:
    """(B, n, n//2+1) of compact sources, placed exactly by their phase."""
    row, col = (
        np.exp(-2j * np.pi * k * place - 2 * (np.pi * k * sources.sigma) ** 2).astype(np.complex64)
        for k, place in ((at.ky, sources.y), (at.kx.T, sources.x))
    )
    # Not a matrix product: BLAS rounds differently with the number of threads.
    flux = sources.flux.astype(np.float32)
    spectra: Spectra = np.array([np.einsum("yn,xn->yx", row * one, col) for one in flux.T])
    return spectra


def blob_spectra(blobs: Blobs, at: Frequencies) -> Spectra:
    """(B, n, n//2+1) of smooth galaxies as mixtures of Gaussians."""
    spectra = np.zeros((blobs.flux.shape[1], at.n, at.kx.shape[1]), dtype=np.complex64)
    kx, ky = at.kx.astype(np.float32), at.ky.astype(np.float32)
    for k in range(len(blobs)):
        cos_a, sin_a = np.float32(np.cos(blobs.angle[k])), np.float32(np.sin(blobs.angle[k]))
        along = kx * cos_a + ky * sin_a
        across = (ky * cos_a - kx * sin_a) * np.float32(blobs.axis_ratio[k])
        exponent = np.float32(-2 * (np.pi * blobs.half_light[k]) ** 2) * (along**2 + across**2)
        amplitudes, variances = _DE_VAUCOULEURS if blobs.early[k] else _EXPONENTIAL
        shape = np.zeros_like(exponent)
        for amplitude, variance in zip(amplitudes, variances, strict=True):
            share = np.float32(amplitude / sum(amplitudes))
            shape += share * np.exp(np.float32(variance) * exponent)
        row = np.exp(-2j * np.pi * at.ky * blobs.y[k]).astype(np.complex64)
        col = np.exp(-2j * np.pi * at.kx * blobs.x[k]).astype(np.complex64)
        placed = shape * row * col
        for band, flux in enumerate(blobs.flux[k].astype(np.float32)):
            spectra[band] += flux * placed
    return spectra


def expose(
    spectra: Spectra,
    visit: Visit,
    at: Frequencies,
    size_px: int,
    bands: Sequence[int] | None = None,
) -> Images:
    """Noise-free images (bands, size_px, size_px), nanomaggy a pixel; by default of all bands.

    The spectra's origin lies ``visit.dither`` from the middle of the cutout.
    """
    start = (at.n - size_px) // 2
    middle = start + (size_px - 1) / 2
    inner = slice(start, start + size_px)
    bands = range(len(spectra)) if bands is None else bands
    images = np.empty((len(bands), size_px, size_px))
    for k, band in enumerate(bands):
        x, y = (middle + visit.dither + visit.shifts[band]) * at.pixscale_arcsec
        row = np.exp(-2j * np.pi * at.ky * y).astype(np.complex64)
        col = np.exp(-2j * np.pi * at.kx * x).astype(np.complex64)
        seen = spectra[band] * transfer(visit.psf, band, at) * row * col
        images[k] = fft.irfft2(seen, s=(at.n, at.n))[inner, inner]
    return images


def variance(images: Images, visit: Visit) -> Images:
    """Pixel variance (B, ny, nx) of photons, sky and read noise, nanomaggy squared."""
    electrons = visit.electrons_per_nmgy[:, None, None]
    photons = (np.maximum(images, 0) + visit.sky_nmgy[:, None, None]) / electrons
    total: Images = (photons + visit.read_variance[:, None, None]) * visit.noise**2
    return total


def sky_noise(visit: Visit) -> NDArray[np.float64]:
    """(B,) standard deviation of blank pixels, nanomaggy."""
    blank = np.zeros((len(visit.sky_nmgy), 1, 1))
    sigma: NDArray[np.float64] = np.sqrt(variance(blank, visit))[:, 0, 0]
    return sigma


def noise(rng: np.random.Generator, variances: Images, visit: Visit) -> NDArray[np.float32]:
    """Noise (B, n, n) of these variances as it is after resampling onto the pixels of r.

    Cubic-spline interpolation between pixels, at the phase of each band, correlates it.
    """
    n = variances.shape[-1]
    wide = int(fft.next_fast_len(n, real=True))
    white = rng.standard_normal((len(variances), wide, wide), dtype=np.float32)
    white[:, :n, :n] *= np.sqrt(variances).astype(np.float32)
    # Beyond the cutout, noise as at its far edge.
    white[:, n:, :] *= np.sqrt(variances[:, -1:, :1]).astype(np.float32)
    white[:, :n, n:] *= np.sqrt(variances[:, -1:, -1:]).astype(np.float32)
    for band, (x, y) in enumerate(visit.phases):
        if band == R:
            continue  # the others are resampled onto its pixels
        rows = spline_response(fft.fftfreq(wide), y).astype(np.float32)[:, None]
        cols = spline_response(fft.rfftfreq(wide), x).astype(np.float32)[None, :]
        white[band] = fft.irfft2(fft.rfft2(white[band]) * rows * cols, s=(wide, wide))
    return white[:, :n, :n]


def spline_response(frequency: NDArray[np.float64], phase: float) -> NDArray[np.float64]:
    """Modulus of the response of cubic-spline interpolation at ``phase`` between pixels.

    ``frequency`` in cycles a pixel. The cubic B-spline at the taps, over its own transform
    at the nodes (Unser 1999).
    """
    taps = np.arange(-2, 3)
    distance = np.abs(taps - phase)
    weights = np.where(
        distance < 1,
        2 / 3 - distance**2 + distance**3 / 2,
        np.maximum(2 - distance, 0) ** 3 / 6,
    )
    numerator = weights @ np.exp(2j * np.pi * np.outer(taps, frequency))
    response: NDArray[np.float64] = np.abs(numerator) / (2 / 3 + np.cos(2 * np.pi * frequency) / 3)
    return response


def padded_size(size_px: int) -> int:
    """Side of the grid on which a cutout of ``size_px`` is computed; even or odd as that is."""
    n = int(fft.next_fast_len(size_px, real=True))
    while (n - size_px) % 2:
        n = int(fft.next_fast_len(n + 1, real=True))
    return n
