"""Purity and completeness as readers judge, against pools whose truth is known."""

import numpy as np
import pytest

from clumpscope.stages.by_eye import Answers, Judged, Pool, result, sampled
from clumpscope.stages.by_eye.estimates import verdict
from clumpscope.stages.by_eye.intervals import Resampling, wilson

FINDERS = ("a", "b", "classical finder")


def reader(kinds, name="anna"):
    return Answers(name, np.array(kinds), np.zeros(len(kinds), dtype=int))


def universe(rng):
    """A pool of 120 galaxies, and which of its places are clumps; purity differs by galaxy."""
    n, galaxies = 3000, 120
    galaxy = rng.integers(galaxies, size=n)
    clump = rng.random(n) < rng.beta(2, 6, galaxies)[galaxy]
    # Chances of none, seen, claimed where there is no clump and where there is one.
    chances = {
        "a": ((0.90, 0.06, 0.04), (0.25, 0.15, 0.60)),
        "b": ((0.55, 0.30, 0.15), (0.40, 0.25, 0.35)),
        "classical finder": ((0.85, 0.0, 0.15), (0.7, 0.0, 0.3)),
    }
    role = np.zeros((n, len(FINDERS)), dtype=np.int8)
    for k, name in enumerate(FINDERS):
        without, within = (rng.choice(3, p=chance, size=n) for chance in chances[name])
        role[:, k] = np.where(clump, within, without)
    return Pool(galaxy, np.zeros((n, 2)), role, rng.random(n)), clump


def judge(pool, clump, n, rng):
    picked = sampled(pool, n, rng)
    drawn = Judged(
        FINDERS,
        pool.galaxy[picked.rows].astype(str),
        pool.role[picked.rows],
        picked.probability,
    )
    return drawn, reader(np.where(clump[picked.rows], "clump", "nothing"))


def truth(pool, clump):
    """Purity, completeness in the pool and among claims, of each finder, from the whole pool."""
    claimed, found = pool.role == 2, (pool.role > 0).any(axis=1)
    known = clump & claimed.any(axis=1)
    return {
        name: (
            clump[claims].mean(),
            claims[clump & found].mean(),
            claims[known].mean(),
        )
        for name, claims in zip(FINDERS, claimed.T, strict=True)
    }


def test_a_sample_recovers_purity_and_completeness_within_its_intervals():
    rng = np.random.default_rng(5)
    hits, off = [], []
    for _ in range(40):
        pool, clump = universe(rng)
        drawn, answers = judge(pool, clump, 150, rng)
        marks = result(drawn, [answers]).verdicts["majority"].finders
        for name, true in truth(pool, clump).items():
            one = marks[name]
            figures = (one.purity, one.relative_completeness, one.of_claimed)
            hits.append([f.low <= t <= f.high for f, t in zip(figures, true, strict=True)])
            off.append([f.value - t for f, t in zip(figures, true, strict=True)])
    # 120 intervals a figure, of which the three of a pool are not independent.
    assert np.mean(hits, axis=0).min() > 0.90
    assert np.abs(np.mean(off, axis=0)).max() < 0.03


def test_a_whole_pool_judged_gives_its_own_figures():
    pool, clump = universe(np.random.default_rng(6))
    drawn, answers = judge(pool, clump, len(pool), np.random.default_rng(0))
    found = result(drawn, [answers]).verdicts["majority"]
    for name, true in truth(pool, clump).items():
        marks = found.finders[name]
        figures = (marks.purity, marks.relative_completeness, marks.of_claimed)
        assert [figure.value for figure in figures] == pytest.approx(true)
    random = (pool.role == 0).all(axis=1)
    assert found.random.value == pytest.approx(clump[random].mean())
    assert found.clumps == pytest.approx((clump & ~random).sum())


def test_differences_are_those_of_the_figures_and_shrink_by_what_both_share():
    pool, clump = universe(np.random.default_rng(7))
    found = result(*_listed(judge(pool, clump, 300, np.random.default_rng(1))))
    found = found.verdicts["majority"]
    a, b, less = found.finders["a"], found.finders["b"], found.differences["a - b"]
    assert less.purity.value == pytest.approx(a.purity.value - b.purity.value)
    assert less.purity.low < less.purity.value < less.purity.high
    assert set(found.differences) == {"a - b", "a - classical finder", "b - classical finder"}
    drawn = Judged(("a", "b"), np.array(list("xyz")), np.full((3, 2), 2), np.ones(3))
    same = result(drawn, [reader(["clump", "star", "clump"])]).verdicts["majority"]
    zero = same.differences["a - b"].purity
    assert (zero.value, zero.low, zero.high) == (0, 0, 0)


def _listed(pair):
    return pair[0], [pair[1]]


def test_by_hand():
    drawn = Judged(
        ("a", "classical finder"),
        np.array(["g", "g", "h", "h", "i", "i"]),
        np.array([[2, 0], [2, 2], [0, 2], [1, 0], [0, 0], [2, 0]]),
        np.array([0.5, 1.0, 0.25, 0.1, 0.2, 0.5]),
    )
    kinds = ["clump", "star", "clump", "clump", "clump", "unsure"]
    found = result(drawn, [reader(kinds)])
    marks = found.verdicts["majority"].finders["a"]
    assert marks.purity.value == pytest.approx(2 / 3)  # weights 2 and 1; the unsure one is out
    assert marks.purity.n == 2
    assert marks.purity.n_effective == pytest.approx(9 / 5)
    assert marks.relative_completeness.value == pytest.approx(2 / (2 + 4 + 10))
    assert marks.of_claimed.value == pytest.approx(2 / (2 + 4))
    assert found.verdicts["majority"].undecided == 1
    assert found.verdicts["all"].finders["a"].purity.value == pytest.approx(2 / 5)
    assert found.kinds["a"] == pytest.approx(
        {"clump": 0.4, "star": 0.2, "unsure": 0.4}
        | dict.fromkeys(("arm", "companion", "nucleus", "nothing"), 0)
    )


def test_what_counts_as_a_clump():
    three = [
        reader(["clump", "clump", "clump", "star", "unsure", "unsure"]),
        reader(["clump", "clump", "star", "arm", "unsure", "clump"]),
        reader(["clump", "arm", "unsure", "clump", "unsure", "unsure"]),
    ]
    assert np.array_equal(verdict(three, "all"), [1, 0, 0, 0, 0, 0])
    assert np.array_equal(verdict(three, "any"), [1, 1, 1, 1, 0, 1])
    expected = [1, 1, np.nan, 0, np.nan, 1]
    assert np.array_equal(verdict(three, "majority"), expected, equal_nan=True)


def test_wilson_is_the_root_of_its_equation():
    for share, n in ((0.0, 7.0), (0.3, 12.5), (1.0, 40.0)):
        low, high = wilson(share, n)
        z = 1.959963984540054
        for end in (low, high):
            if 1e-9 < end < 1 - 1e-9:
                assert abs(share - end) == pytest.approx(z * np.sqrt(end * (1 - end) / n))
    assert wilson(0.0, 7.0)[0] == pytest.approx(0)
    assert wilson(1.0, 40.0)[1] == pytest.approx(1)


def test_no_claims_give_no_figure():
    resampling = Resampling.of(np.array(["a", "b"]), np.ones(2))
    none = np.zeros(2, dtype=bool)
    share = resampling.share(none, none)
    assert np.isnan([share.value, share.low, share.high]).all()
    assert (share.n, share.n_effective) == (0, 0)
