"""Which galaxies a flux-limited survey holds: redshift, mass, colour and size, drawn jointly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.simulate import HostsConfig
from clumpscope.core.cosmology import COSMOLOGY

Numbers = NDArray[np.float64]

_CANDIDATES = 64  # drawn at a time
_TRIES = 200  # batches without an acceptable galaxy after which the last is taken as it is

# Luminosity distance (Mpc) by the trapezoidal rule.
_Z = np.linspace(0, 0.6, 601)
_HUBBLE = 1 / np.sqrt(COSMOLOGY.Om0 * (1 + _Z) ** 3 + (1 - COSMOLOGY.Om0))
_COMOVING = (
    299792.458
    / COSMOLOGY.H0.value
    * np.concatenate([[0], np.cumsum((_HUBBLE[1:] + _HUBBLE[:-1]) / 2)])
    * _Z[1]
)
_MODULUS = 5 * np.log10(np.maximum(_COMOVING * (1 + _Z), 1e-3)) + 25


@dataclass(frozen=True)
class Member:
    """One galaxy of the population; observed colour and magnitude, not corrected for dust."""

    kind: str  # spiral, flocculent, irregular or smooth
    redshift: float
    log_mass: float
    log_ssfr: float
    r_mag: float
    g_r: float
    r50_arcsec: float  # along the major axis


def draw_member(rng: np.random.Generator, config: HostsConfig) -> Member:
    """Draw a galaxy of a flux-limited sample.

    Luminosities follow a Schechter function (Blanton et al. 2003: M* = -21.2, alpha = -1.05
    at H0 = 70); of an apparent magnitude in a homogeneous universe they are then distributed
    as phi(L) L^1.5. Sizes follow Shen et al. 2003 with their scatter. Masses are from Bell et
    al. 2003 with g-r, specific star-formation rates from the galaxy's sequence, blue or red.
    Large galaxies are preferred, as by volunteers who look for features.
    """
    for _ in range(_TRIES):
        candidates = _candidates(rng, config)
        chosen = np.flatnonzero(candidates["accepted"])
        if len(chosen):
            break
    k = int(chosen[0]) if len(chosen) else 0
    one = {name: float(values[k]) for name, values in candidates.items()}
    return Member(
        kind=_kind(rng, one["log_mass"], smooth=one["smooth"] > 0),
        redshift=float(np.clip(one["redshift"], *config.redshift)),
        log_mass=one["log_mass"],
        log_ssfr=one["log_ssfr"],
        r_mag=one["r_mag"],
        g_r=one["g_r"],
        r50_arcsec=one["r50"],
    )


def _candidates(rng: np.random.Generator, config: HostsConfig) -> dict[str, Numbers]:
    n = _CANDIDATES
    bright, faint = config.r_mag
    # Counts grow as 10^0.6m in space; selection by angular size makes that shallower.
    r_mag = bright + np.log10(1 + rng.random(n) * (10 ** (0.45 * (faint - bright)) - 1)) / 0.45
    luminosity = rng.gamma(1.45, 1.0, n)  # L / L*
    modulus = r_mag + 21.2 + 2.5 * np.log10(luminosity)
    redshift = np.interp(modulus, _MODULUS, _Z)
    guess = 10.65 + np.log10(luminosity)
    smooth = rng.random(n) < config.smooth_share
    red = smooth & (rng.random(n) < 0.8) | (
        rng.random(n) < 0.25 / (1 + np.exp(-4 * (guess - 10.9)))
    )
    rest = np.where(
        red,
        0.72 + 0.05 * (guess - 10.5) + rng.normal(0, 0.05, n),
        0.50 + 0.12 * (guess - 10.3) + rng.normal(0, 0.09, n),
    )
    log_mass = guess + 1.097 * (rest - 0.55) - 0.1
    log_ssfr = np.where(
        red,
        -11.4 + rng.normal(0, 0.4, n),
        -9.95 - 0.25 * (log_mass - 10) - 1.2 * (rest - 0.5) + rng.normal(0, 0.22, n),
    )
    mass = 10**log_mass
    late = 0.1 * mass**0.14 * (1 + mass / 3.98e10) ** 0.25
    early = np.where(mass > 2e10, 2.88e-6 * mass**0.56, 1.0 + 0 * mass)
    # Shen's radii are those of circles; along the major axis disks are about 1.3 times larger.
    r50_kpc = np.where(smooth & red, early, 1.3 * late) * np.exp(rng.normal(0, 0.25, n))
    kpc_per_arcsec = np.interp(redshift, _Z, _COMOVING / (1 + _Z)) * 1e3 / 206264.8
    r50 = r50_kpc / np.maximum(kpc_per_arcsec, 1e-3)
    r90 = 2.3 * r50
    low, high = config.r90_arcsec
    brightness = r_mag + 2.5 * np.log10(2 * np.pi * r50**2)
    accepted = (r90 > low) & (r90 < high) & (brightness < 24.0)
    accepted &= (redshift > config.redshift[0]) & (redshift < config.redshift[1])
    accepted &= rng.random(n) < np.minimum(r90 / (1.6 * low), 1)
    return {
        "accepted": accepted.astype(float),
        "smooth": smooth.astype(float),
        "redshift": redshift,
        "log_mass": log_mass,
        "log_ssfr": log_ssfr,
        "r_mag": r_mag,
        "g_r": rest + np.where(red, 2.1, 1.1) * redshift,  # about the k corrections
        "r50": r50,
    }


def _kind(rng: np.random.Generator, log_mass: float, *, smooth: bool) -> str:
    if smooth:
        return "smooth"
    irregular = 0.35 / (1 + np.exp(3 * (log_mass - 9.4)))
    flocculent = 0.32 / (1 + np.exp(2 * (log_mass - 10.6))) + 0.1
    draw = rng.random()
    if draw < irregular:
        return "irregular"
    return "flocculent" if draw < irregular + flocculent else "spiral"
