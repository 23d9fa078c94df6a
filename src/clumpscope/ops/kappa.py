"""How far people agree beyond chance: Cohen's and Fleiss' kappa."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def kappas(counts: Values) -> Values:
    """Cohen's kappa of confusion matrices (B, K, K), NaN where all is in one class."""
    total = counts.sum(axis=(1, 2))
    same = np.trace(counts, axis1=1, axis2=2) / total
    chance = (counts.sum(axis=1) * counts.sum(axis=2)).sum(axis=1) / total**2
    found: Values = np.divide(
        same - chance, 1 - chance, out=np.full(len(counts), np.nan), where=chance < 1
    )
    return found


def cohen(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Cohen's kappa (Cohen 1960) of what two people called the same things.

    Parameters
    ----------
    one, other
        (n,) classes, counted from 0.

    Returns
    -------
    NaN where there is nothing, or both say one and the same of all.
    """
    if not len(one):
        return float("nan")
    size = int(max(one.max(), other.max())) + 1
    counts = np.zeros((1, size, size))
    np.add.at(counts[0], (one, other), 1)
    return float(kappas(counts)[0])


def fleiss(counts: Values) -> float:
    """Fleiss' kappa (Fleiss 1971) of things that several people judged.

    Things may have been judged by unequal numbers of people: each counts as the share of its pairs
    of people who agree, and classes by all judgements. With equal numbers this is Fleiss' own.

    Parameters
    ----------
    counts
        (n, K) people who chose each class; things with fewer than two people are left out.

    Returns
    -------
    NaN where there is nothing, or all is in one class.
    """
    counts = np.asarray(counts, dtype=float)
    people = counts.sum(axis=1)
    counts, people = counts[people > 1], people[people > 1]
    if not len(counts):
        return float("nan")
    agree = (counts * (counts - 1)).sum(axis=1) / (people * (people - 1))
    share = counts.sum(axis=0) / people.sum()
    chance = float((share**2).sum())
    return (float(agree.mean()) - chance) / (1 - chance) if chance < 1 else float("nan")
