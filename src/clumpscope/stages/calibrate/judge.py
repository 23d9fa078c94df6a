"""A calibration judged on galaxies that it was not fitted to."""

from dataclasses import dataclass

import numpy as np

from clumpscope.stages.calibrate.candidates import Candidates, Values, parts
from clumpscope.stages.calibrate.choose import Choice, choose
from clumpscope.stages.calibrate.fit import fit
from clumpscope.stages.calibrate.measures import Measures, measure
from clumpscope.stages.calibrate.reliability import Reliability, reliability

_PARTS = 3
THIRDS = ("low", "middle", "high")


@dataclass(frozen=True, eq=False)
class Judged:
    """(N,) chances of some candidates, what they are worth, and the range of signal-to-noise."""

    chance: Values
    snr: tuple[float, float]
    measures: Measures
    table: Reliability


@dataclass(frozen=True, eq=False)
class Report:
    """What a calibration is worth.

    Attributes
    ----------
    choice
        The kind of curve, and the log loss of each.
    raw, calibrated
        The candidates that it was judged by, before and after.
    thirds
        After, by third of signal-to-noise: low, middle, high.
    """

    choice: Choice
    raw: Judged
    calibrated: Judged
    thirds: dict[str, Judged]


def judged(chance: Values, known: Candidates, seed: int = 0) -> Judged:
    """Judge the chances of N > 0 candidates."""
    measures = measure(chance, known.real, known.galaxy, seed=seed)
    limits = float(known.snr.min()), float(known.snr.max())
    return Judged(chance, limits, measures, reliability(chance, known.real))


def by_third(chance: Values, known: Candidates, seed: int = 0) -> dict[str, Judged]:
    """The same for each third of the signal-to-noise that has candidates."""
    third = np.searchsorted(np.quantile(known.snr, (1 / 3, 2 / 3)), known.snr, side="left")
    return {
        name: judged(chance[third == k], known.where(third == k), seed)
        for k, name in enumerate(THIRDS)
        if (third == k).any()
    }


def judge(known: Candidates, seed: int = 0) -> Report:
    """Choose and fit on two parts of three of the galaxies, and judge on the third.

    Raises
    ------
    TableError
        If the candidates of either side are fewer than 50 or of one kind only.
    """
    out = parts(known.galaxy, _PARTS, seed) == 0
    left = known.where(out).checked()
    choice = choose(known.where(~out), seed)
    chance = fit(choice.kind, known.where(~out))(left.p, left.snr)
    return Report(
        choice,
        judged(left.p, left, seed),
        judged(chance, left, seed),
        by_third(chance, left, seed),
    )
