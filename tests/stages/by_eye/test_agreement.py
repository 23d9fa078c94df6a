"""Two readers compared."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from clumpscope.ops.kappa import kappas
from clumpscope.stages.by_eye import KINDS, Answers
from clumpscope.stages.by_eye.agreement import agreement
from clumpscope.stages.by_eye.intervals import Resampling


def reader(kinds, name):
    return Answers(name, np.array(kinds), np.zeros(len(kinds), dtype=int))


def test_kappa_as_calculated_by_hand():
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: agreed 0.7, by chance 0.5.
    first = 25 * ["clump"] + 25 * ["star"]
    second = 20 * ["clump"] + 5 * ["star"] + 10 * ["clump"] + 15 * ["star"]
    galaxies = np.arange(50).astype(str)
    found = agreement(
        reader(first, "anna"), reader(second, "ben"), Resampling.of(galaxies, np.ones(50))
    )
    assert found.readers == ("anna", "ben")
    assert found.same == pytest.approx(0.7)
    assert found.kinds.value == pytest.approx(0.4)
    assert found.clump.value == pytest.approx(0.4)
    # Its error, large samples: sqrt(p (1 - p) / n) / (1 - e) = 0.13.
    assert found.kinds.low == pytest.approx(0.4 - 1.96 * 0.13, abs=0.07)
    assert found.kinds.high == pytest.approx(0.4 + 1.96 * 0.13, abs=0.07)
    matrix = np.array(found.confusion)
    clump, star = KINDS.index("clump"), KINDS.index("star")
    assert matrix[clump, [clump, star]].tolist() == [20, 5]
    assert matrix[star, [clump, star]].tolist() == [10, 15]
    assert matrix.sum() == 50


def test_kappas_of_replicates_are_those_of_scikit_learn():
    rng = np.random.default_rng(8)
    one, other = rng.integers(4, size=(2, 60))
    other = np.where(rng.random(60) < 0.5, one, other)
    weight = rng.integers(1, 4, 60).astype(float)
    counts = np.zeros((1, 4, 4))
    np.add.at(counts[0], (one, other), weight)
    assert kappas(counts)[0] == pytest.approx(cohen_kappa_score(one, other, sample_weight=weight))
    assert np.isnan(kappas(np.diag([5.0, 0, 0])[None])).all()


def test_kinds_other_than_clump_are_one_in_the_second_kappa():
    first, second = ["clump", "star", "arm", "star"], ["clump", "arm", "star", "nothing"]
    resampling = Resampling.of(np.array(list("abcd")), np.ones(4))
    found = agreement(reader(first, "a"), reader(second, "b"), resampling)
    assert found.clump.value == 1
    assert found.kinds.value < 0.3


def test_kappa_is_not_defined_where_both_say_one_thing():
    resampling = Resampling.of(np.array(list("abc")), np.ones(3))
    found = agreement(reader(3 * ["star"], "a"), reader(3 * ["star"], "b"), resampling)
    assert found.same == 1
    assert np.isnan([found.kinds.value, found.kinds.low, found.clump.high]).all()
