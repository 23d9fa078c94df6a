"""Which kind of curve: the one of the best log loss on galaxies that it was not fitted to."""

from dataclasses import dataclass

import numpy as np

from clumpscope.models.calibration import Isotonic, Logistic
from clumpscope.stages.calibrate.candidates import Candidates, parts
from clumpscope.stages.calibrate.fit import KINDS, Kind, fit
from clumpscope.stages.calibrate.measures import log_losses

_FOLDS = 5
_GRID = np.linspace(1e-4, 1 - 1e-4, 200)


@dataclass(frozen=True)
class Choice:
    """The chosen kind, and the cross-validated mean log loss of each that rises."""

    kind: Kind
    log_loss: dict[str, float]


def choose(known: Candidates, seed: int = 0) -> Choice:
    """Choose by log loss, cross-validated in five parts by galaxy.

    A kind whose chance falls where the raw probability rises is not chosen; isotonic never falls.

    Raises
    ------
    TableError
        If the candidates are too few, or those of four parts of five are, or of one kind only.
    """
    known.checked()
    fold = parts(known.galaxy, _FOLDS, seed)
    losses: dict[str, float] = {}
    for kind in KINDS:
        chance = np.empty(len(known))
        for k in np.unique(fold):
            out = fold == k
            curve = fit(kind, known.where(~out))
            chance[out] = curve(known.p[out], known.snr[out])
        if rises(fit(kind, known), known):
            losses[kind] = float(log_losses(chance, known.real).mean())
    best = min(KINDS, key=lambda kind: losses.get(kind, np.inf))
    return Choice(best, losses)


def rises(curve: Logistic | Isotonic, known: Candidates) -> bool:
    """Whether it never falls with the raw probability, at any signal-to-noise that there was."""
    p = np.clip(_GRID, known.p.min(), known.p.max())
    for snr in np.quantile(known.snr, np.linspace(0, 1, 11)):
        if (np.diff(curve(p, np.full(len(p), snr))) < -1e-12).any():
            return False
    return True
