"""Curves from raw to calibrated probability, fitted to candidates of known truth."""

from typing import Literal

import numpy as np

from clumpscope.models.calibration import RULES, Isotonic, Logistic, Rule, terms
from clumpscope.stages.calibrate.candidates import Candidates

Kind = Rule | Literal["isotonic"]
KINDS: tuple[Kind, ...] = (*RULES, "isotonic")

_LOOSE = (
    100.0  # inverse strength of the ridge, which only bounds what separable candidates would not
)


def fit(kind: Kind, known: Candidates) -> Logistic | Isotonic:
    """Fit a curve of a kind by maximum likelihood.

    Raises
    ------
    TableError
        If the candidates are fewer than 50 or of one kind only.
    """
    known.checked()
    return _isotonic(known) if kind == "isotonic" else _logistic(kind, known)


def _logistic(rule: Rule, known: Candidates) -> Logistic:
    from sklearn.linear_model import LogisticRegression  # slow to load

    # The number 1 is one of the terms.
    model = LogisticRegression(
        C=_LOOSE, fit_intercept=False, solver="newton-cholesky", tol=1e-8, max_iter=200
    )
    model.fit(terms(rule, known.p, known.snr), known.real)
    return Logistic(rule=rule, weights=tuple(model.coef_[0].tolist()))


def _isotonic(known: Candidates) -> Isotonic:
    """That of scikit-learn, kept half a candidate away from 0 and 1, which no sample proves."""
    from sklearn.isotonic import IsotonicRegression  # slow to load

    model = IsotonicRegression(y_min=0.0, y_max=1.0).fit(known.p, known.real)
    half = 0.5 / len(known)
    chance = np.clip(model.y_thresholds_, half, 1 - half)
    p, first = np.unique(np.clip(model.X_thresholds_, 0, 1), return_index=True)
    return Isotonic(p=tuple(p.tolist()), chance=tuple(chance[first].tolist()))
