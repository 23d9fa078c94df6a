"""Point-spread functions of a visit: three elliptical Gaussians, known in Fourier space."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy import fft

from clumpscope.config.simulate import ObserveConfig

STAMP = 41  # side of the PSF images, pixels

# Core, wing and halo. Encircled energies are then those of the shared psField models:
# 0.80-0.86 within one adaptive FWHM, 0.93-0.96 within 1.5, 0.99 within 3.
_WIDTHS = np.array([1.0, 2.2, 5.5])
_HALO = 0.025


@dataclass(frozen=True, eq=False)
class Psf:
    """PSF of B bands, the pixel not included.

    Attributes
    ----------
    sigma_arcsec
        (B,) Gaussian width of the core.
    shares
        (3,) light in core, wing and halo.
    shape
        (B, 2) ellipticity along the pixel axes and along their diagonal.
    """

    sigma_arcsec: NDArray[np.float64]
    shares: NDArray[np.float64]
    shape: NDArray[np.float64]


def draw_psf(rng: np.random.Generator, config: ObserveConfig) -> Psf:
    """Draw the PSF of a visit: seeing, its ratios between bands, wings and ellipticity."""
    seeing = config.psf_fwhm_median_arcsec * np.exp(config.psf_fwhm_scatter * rng.normal())
    seeing = float(np.clip(seeing, *config.psf_fwhm_r_arcsec))
    fwhm = seeing * np.array(config.psf_ratio) * np.exp(rng.normal(0, 0.03, len(config.bands)))
    wing = rng.uniform(*config.psf_wing)
    shares = np.array([1 - wing - _HALO, wing, _HALO])
    common = rng.normal(0, config.psf_ellipticity, 2)
    shape = common + rng.normal(0, 0.5 * config.psf_ellipticity, (len(config.bands), 2))
    core = fwhm / gaussian_sigma_to_fwhm / adaptive_width(shares)
    return Psf(core, shares, np.clip(shape, -0.2, 0.2))


def fwhm_arcsec(psf: Psf, band: int) -> float:
    """Adaptive-moment FWHM of a band, ellipticity apart."""
    width = float(psf.sigma_arcsec[band]) * adaptive_width(psf.shares)
    return width * float(gaussian_sigma_to_fwhm)


def adaptive_width(shares: NDArray[np.float64]) -> float:
    """Adaptive-moment sigma of core, wing and halo over the core's sigma.

    The width s at which the mixture, weighted by a Gaussian of width s, has second moments
    s^2 / 2 (Bernstein & Jarvis 2002), by iteration.
    """
    pairs = [
        (float(share), float(width) ** 2) for share, width in zip(shares, _WIDTHS, strict=True)
    ]
    s2 = 1.0
    for _ in range(40):
        weights = [share / (square + s2) for share, square in pairs]
        moments = [
            w * square / (square + s2) for w, (_, square) in zip(weights, pairs, strict=True)
        ]
        s2 = 2 * s2 * sum(moments) / sum(weights)
    return float(np.sqrt(s2))


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Spatial frequencies, cycles an arcsec, of an (n, n) real transform: (n, 1), (1, n//2+1)."""

    n: int
    pixscale_arcsec: float
    ky: NDArray[np.float64]
    kx: NDArray[np.float64]

    @classmethod
    def of(cls, n: int, pixscale_arcsec: float) -> "Frequencies":
        """Those of an (n, n) image."""
        return cls(
            n,
            pixscale_arcsec,
            fft.fftfreq(n, pixscale_arcsec)[:, None],
            fft.rfftfreq(n, pixscale_arcsec)[None, :],
        )


def transfer(psf: Psf, band: int, at: Frequencies) -> NDArray[np.float32]:
    """Transfer function of PSF and square pixel, (n, n//2+1)."""
    e1, e2 = psf.shape[band]
    kx, ky = at.kx.astype(np.float32), at.ky.astype(np.float32)
    square = np.float32(1 + e1) * kx**2 + np.float32(1 - e1) * ky**2 + np.float32(2 * e2) * kx * ky
    exponent = np.float32(-2 * np.pi**2 * psf.sigma_arcsec[band] ** 2) * square
    total = np.zeros_like(exponent)
    for share, width in zip(psf.shares, _WIDTHS, strict=True):
        total += np.float32(share) * np.exp(np.float32(width**2) * exponent)
    total *= np.sinc(kx * np.float32(at.pixscale_arcsec))
    total *= np.sinc(ky * np.float32(at.pixscale_arcsec))
    result: NDArray[np.float32] = total
    return result


def psf_images(psf: Psf, pixscale_arcsec: float) -> NDArray[np.float32]:
    """(B, STAMP, STAMP) PSFs, pixel included, centred, each of sum 1."""
    n = 2 * STAMP + 2
    half = STAMP // 2
    middle = slice(n // 2 - half, n // 2 + half + 1)
    at = Frequencies.of(n, pixscale_arcsec)
    bands = range(len(psf.sigma_arcsec))
    images = np.array([fft.irfft2(transfer(psf, band, at), s=(n, n)) for band in bands])
    stamps = fft.fftshift(images, axes=(1, 2))[:, middle, middle]
    unit: NDArray[np.float32] = (stamps / stamps.sum(axis=(1, 2), keepdims=True)).astype(np.float32)
    return unit
