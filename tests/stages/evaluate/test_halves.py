"""Thresholds are chosen on other galaxies than those that are judged."""

import numpy as np

from clumpscope.stages.evaluate.halves import half, other_half_threshold
from clumpscope.stages.evaluate.scores import evaluate
from findings import found, galaxies, truth

IDS = [f"g{k}" for k in range(40)]


def test_halves_are_of_the_ids_alone():
    whole = half(IDS)
    assert 10 < whole.sum() < 30
    assert half(IDS[::-1]).tolist() == whole[::-1].tolist()
    assert half(IDS[3:9]).tolist() == whole[3:9].tolist()
    assert half([]).tolist() == []


def test_each_half_gets_what_the_other_chooses():
    """The best threshold of one half is 0.51, of the other 0.71."""
    first = half(IDS)
    rows, there = [], []
    for one, name in zip(first, IDS, strict=True):
        there.append((name, 20, 20, 1, 0.05))
        rows.append((name, 20, 20, 1, 0.9, 0.05))
        rows.append((name, 70, 70, 1, 0.5 if one else 0.7, 0.05))  # false
    result = evaluate(found(rows), galaxies(*IDS), truth(there), threshold=other_half_threshold)
    assert set(result.threshold[first]) == {0.71}
    assert set(result.threshold[~first]) == {0.51}
    score = result.at(0.03)
    assert (score.completeness.k, score.completeness.n) == (40, 40)
    assert (score.purity.k, score.purity.n) == (40, 40 + (~first).sum())
    assert dict(result.curve)[0.3].purity.n == 80  # the curve knows no threshold
    assert len(result.cases.found) == score.purity.n


def test_a_half_that_chooses_nothing_leaves_the_other_without():
    first = half(IDS)
    there = [(name, 20, 20, 1, 0.05) for name in IDS]
    rows = [(name, 20, 20, 1, 0.9, 0.05) for one, name in zip(first, IDS, strict=True) if one]
    result = evaluate(found(rows), galaxies(*IDS), truth(there), threshold=other_half_threshold)
    assert np.isinf(result.threshold[first]).all()
    assert result.at(0.03).completeness.k == 0
