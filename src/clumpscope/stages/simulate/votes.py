"""What volunteers would answer about the shape of a simulated host, as far as it can be seen.

A feature is seen if it is wider than the PSF and stands out of the noise. What cannot be seen
gets the votes of what is not there. The numbers are chosen by eye.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from clumpscope.core.questions import QUESTIONS
from clumpscope.stages.simulate.hosts import Host
from clumpscope.stages.simulate.sources import R

Shares = dict[str, NDArray[np.float64]]

_VOLUNTEERS = 40  # of a galaxy in the mean
_HABIT = 25.0  # concentration: volunteers of one galaxy are less alike than their mean
_CARELESS = 0.01  # share of answers given at random
_NUMBERS = np.array([2, 3, 4, 5])  # of arms, as the answers are


@dataclass(frozen=True)
class Conditions:
    """How a host is seen in r: PSF-FWHM (arcsec), and sky noise of an arcsec² (nanomaggies)."""

    fwhm_arcsec: float
    noise: float

    def resolves(self, size_arcsec: float) -> float:
        """Chance that a feature this wide is told from a point; one half at the PSF's FWHM."""
        ratio = max(size_arcsec, 1e-6) / self.fwhm_arcsec
        return float(expit(6 * np.log(ratio)))

    def stands_out(self, brightness: float, contrast: float) -> float:
        """Chance that a contrast over light of this brightness (nanomaggies an arcsec²) is seen.

        One half at four times the noise of a resolution element.
        """
        signal = max(brightness * contrast, 1e-9) * self.fwhm_arcsec / self.noise
        return float(expit(3 * np.log(signal / 4)))


def vote(rng: np.random.Generator, host: Host, seen: Conditions) -> dict[str, int]:
    """Votes for each of `ANSWERS`, drawn from Dirichlet-multinomial distributions.

    A question is asked only of those who gave the answer before it.
    """
    shares = probabilities(host, seen)
    volunteers = int(rng.poisson(_VOLUNTEERS))
    votes: dict[str, int] = {}
    for question in QUESTIONS:
        asked = volunteers if question.after is None else votes["_".join(question.after)]
        given = rng.multinomial(asked, rng.dirichlet(_HABIT * shares[question.name]))
        votes |= dict(zip(question.columns, given.tolist(), strict=True))
    return votes


def probabilities(host: Host, seen: Conditions) -> Shares:
    """Chance of each answer to each question, among those who are asked it; sums are 1."""
    edge_on, bar, arms, patches = (part(host, seen) for part in (_edge_on, _bar, _arms, _patches))
    disturbed, merger = _disturbed(host, seen)
    plain_disk = 0.5 * seen.resolves(0.5 * _r50(host)) * (host.member.kind != "smooth")
    features = (edge_on, bar, arms, patches, 0.7 * disturbed, merger, plain_disk, _ring(host, seen))
    featured = 1 - float(np.prod([1 - one for one in features]))
    spiral = max(arms, 0.45 * patches * (host.member.kind == "flocculent"))
    answers = {
        "smooth_or_featured": [1 - featured, featured],
        "how_rounded": _steps(-_seen_ratio(host, seen), (-0.75, -0.42), 0.08),
        "edge_on": [edge_on, 1 - edge_on],
        "bar": [bar, 1 - bar],
        "spiral_arms": [spiral, 1 - spiral],
        "arm_number": _arm_number(host, arms),
        "bulge_size": _bulge_size(host, seen),
        "disturbed": [1 - disturbed, disturbed - merger, merger],
    }
    return {name: _careless(np.array(shares)) for name, shares in answers.items()}


def _careless(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.maximum(shares, 0)
    told: NDArray[np.float64] = shares / shares.sum()
    return (1 - _CARELESS) * told + _CARELESS / len(shares)


def _steps(value: float, limits: tuple[float, ...], width: float) -> list[float]:
    """Chances that a value, told with an error of ``width``, lies between limits."""
    below = [0.0, *(float(ndtr((one - value) / width)) for one in limits), 1.0]
    return np.diff(below).tolist()


def _r50(host: Host) -> float:
    return host.member.r50_arcsec


def _brightness(host: Host) -> float:
    """Of the disk at the radius of half of its light, nanomaggies an arcsec² in r."""
    return float(0.5 * host.total[R] / (np.pi * _r50(host) ** 2 * host.axis_ratio))


def _share(host: Host, population: str) -> float:
    return float(host.fluxes[population][R] / host.total[R])


def _seen_ratio(host: Host, seen: Conditions) -> float:
    """Axis ratio after the PSF: what is small looks round."""
    blur = (seen.fwhm_arcsec / 2.355) ** 2
    minor, major = (host.axis_ratio * _r50(host)) ** 2, _r50(host) ** 2
    return float(np.sqrt((minor + blur) / (major + blur)))


def _face_on(host: Host) -> float:
    """How much of the disk's plane can be told apart: none edge-on, all at 60 degrees."""
    return float(expit((host.axis_ratio - 0.36) / 0.05))


def _edge_on(host: Host, seen: Conditions) -> float:
    if host.member.kind == "smooth":
        return 0.3 * float(expit((0.30 - _seen_ratio(host, seen)) / 0.03))
    return float(expit((0.31 - _seen_ratio(host, seen)) / 0.03))


def _bar(host: Host, seen: Conditions) -> float:
    """Its light is about half of the bulge's (`light`), over that of the disk beneath."""
    if not host.bar:
        return 0.0
    length = 2 * host.bar * host.scale_arcsec * np.sqrt(host.axis_ratio)
    light = 0.47 * _share(host, "bulge")
    beneath = 0.3 * (1 - (1 + host.bar) * np.exp(-host.bar)) * (1 - _share(host, "bulge"))
    contrast = light / (light + beneath)
    central = 2.5 * _brightness(host)
    stands_out = seen.stands_out(central, contrast) * float(expit((contrast - 0.2) / 0.05))
    # Its width is a third of its length: that, too, has to be told from a point.
    return 0.95 * seen.resolves(0.4 * length) * stands_out * _face_on(host)


def _arms(host: Host, seen: Conditions) -> float:
    """As wide as half their distance at 1.7 h; of the young light, and less of the old."""
    arms = host.arms
    if not arms.number:
        return 0.0
    width = np.pi * 1.7 * host.scale_arcsec * np.sin(arms.pitch) / arms.number
    young = _share(host, "young")
    contrast = (1 - np.exp(-2 * arms.contrast)) * (young + 0.35 * _share(host, "disk"))
    order = np.exp(-0.35 * arms.wobble)
    visible = seen.resolves(0.75 * width * np.sqrt(host.axis_ratio))
    return float(visible * seen.stands_out(_brightness(host), contrast) * order * _face_on(host))


def _patches(host: Host, seen: Conditions) -> float:
    """Of young light without order; smooth galaxies have hardly any."""
    strength = np.hypot(host.grain, 0.6 * host.arms.patchiness) * _share(host, "young")
    size = 2 * max(host.grain_scale, 0.2) * host.scale_arcsec
    strong = float(expit((strength - 0.15) / 0.04))
    return seen.resolves(size) * strong * seen.stands_out(_brightness(host), min(strength, 1))


def _ring(host: Host, seen: Conditions) -> float:
    if not host.ring:
        return 0.0
    contrast = 0.4 * _share(host, "young")
    width = host.ring * host.scale_arcsec * np.sqrt(host.axis_ratio)
    return seen.resolves(width) * seen.stands_out(_brightness(host), contrast) * _face_on(host)


def _disturbed(host: Host, seen: Conditions) -> tuple[float, float]:
    """Chances that it looks disturbed in any way, and like a merger."""
    resolved = seen.resolves(0.5 * _r50(host))
    uneven = host.lopsided + host.offset + 3 * abs(host.bend)
    disturbed = float(expit((uneven - 0.4) / 0.07))
    disturbed *= resolved * seen.stands_out(_brightness(host), 0.3)
    tail = host.tail * _share(host, "young")  # about 2 h from the centre, where the disk is faint
    merger = resolved * seen.stands_out(0.5 * _brightness(host), 2 * tail) if tail else 0.0
    return max(disturbed, merger), 0.9 * merger


def _arm_number(host: Host, arms: float) -> list[float]:
    """The true number if arms are plain, else those beside it, or none can be told."""
    lost = 0.15 + 0.8 * (1 - arms)
    spread = 0.35 + 0.9 * (1 - arms)
    near = np.exp(-0.5 * ((_NUMBERS - (host.arms.number or 3)) / spread) ** 2)
    return [*((1 - lost) * near / near.sum()), lost]


def _bulge_size(host: Host, seen: Conditions) -> list[float]:
    """By its share of the light; of small galaxies it is a guess."""
    guess = 1 - seen.resolves(0.5 * _r50(host))
    return _steps(np.sqrt(_share(host, "bulge")), (0.15, 0.38, 0.62), 0.07 + 0.2 * guess)
