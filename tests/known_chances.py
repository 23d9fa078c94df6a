"""Candidates whose chances are known by construction."""

import numpy as np
from scipy.special import expit, logit

from clumpscope.stages.calibrate.candidates import Candidates


def drawn(count=20_000, chance=None, seed=0, per_galaxy=8):
    """Candidates of uniform raw probability that are real with ``chance(p, snr)``."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.01, 0.99, count)
    snr = rng.normal(3, 4, count)
    true = p if chance is None else chance(p, snr)
    galaxy = np.array([f"g{k // per_galaxy:06d}" for k in range(count)])
    return Candidates(galaxy, p, snr, rng.random(count) < true)


def distorted(p, snr):
    """A raw probability that is far too sure, and says too much."""
    return expit(0.5 * logit(p) - 1)


def by_snr(p, snr):
    """One that is right only at a signal-to-noise of 3."""
    return expit(0.8 * logit(p) + 0.7 * (np.arcsinh(snr) - np.arcsinh(3)))
