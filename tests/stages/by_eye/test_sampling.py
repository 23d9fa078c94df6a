"""Which places are drawn, with which chance."""

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.stages.by_eye import Pool, sampled
from clumpscope.stages.by_eye.sampling import allocated, strata


def pool(rng, sizes):
    """A pool with so many places of each row of roles."""
    role = np.repeat(np.array(list(sizes), dtype=np.int8), list(sizes.values()), axis=0)
    n = len(role)
    return Pool(rng.integers(20, size=n), rng.uniform(0, 99, (n, 2)), role, rng.random(n))


SIZES = {
    (2, 2, 2): 40,
    (2, 0, 0): 90,
    (0, 2, 1): 160,
    (0, 0, 2): 200,
    (1, 0, 0): 900,
    (1, 1, 0): 100,
    (0, 0, 0): 50,
}


def test_a_finder_s_claims_are_whole_strata():
    some = pool(np.random.default_rng(0), SIZES)
    names = strata(some)
    assert set(names) == {
        "run:222",
        "run:200",
        "run:020",
        "classical:002",
        "unclaimed:100",
        "unclaimed:110",
        "random:000",
    }
    for name in np.unique(names):
        claims = some.role[names == name] == 2
        assert (claims == claims[0]).all()


def test_groups_have_their_shares_and_strata_go_by_the_root_of_their_size():
    given = allocated({"run:20": 400, "run:22": 100, "classical:02": 900, "random:00": 900}, 160)
    # Without places that are unclaimed the other groups share what is due to these.
    assert given == {"run:20": 67, "run:22": 33, "classical:02": 40, "random:00": 20}


def test_what_a_small_stratum_cannot_give_others_do():
    given = allocated({"run:20": 5, "classical:02": 500, "random:00": 3}, 60)
    assert given == {"run:20": 5, "classical:02": 52, "random:00": 3}
    assert allocated({"run:20": 5, "random:00": 3}, 60) == {"run:20": 5, "random:00": 3}
    assert allocated({"run:20": 1000, "random:00": 9}, 3) == {"run:20": 2, "random:00": 1}


def test_too_few_for_all_strata_is_an_error():
    with pytest.raises(TableError, match="at least 3, one for each way .* got 2"):
        allocated({"run:20": 5, "classical:02": 5, "random:00": 3}, 2)
    empty = Pool(np.zeros(0, int), np.zeros((0, 2)), np.zeros((0, 2), np.int8), np.zeros(0))
    with pytest.raises(TableError, match="expected at least one, got none"):
        sampled(empty, 5, np.random.default_rng(0))


def test_each_place_is_drawn_as_often_as_its_probability_says():
    rng = np.random.default_rng(3)
    sizes = {(2, 0): 12, (1, 0): 30, (0, 0): 8}
    some = pool(rng, sizes)
    drawn, chance = np.zeros(len(some)), np.zeros(len(some))
    for _ in range(1000):
        again = Pool(some.galaxy, some.xy, some.role, rng.random(len(some)))
        picked = sampled(again, 16, rng)
        drawn[picked.rows] += 1
        chance[picked.rows] = picked.probability
        assert len(set(picked.rows)) == 16
    assert np.allclose(drawn / 1000, chance, atol=0.06)
    assert chance.sum() == pytest.approx(16)


def test_the_order_tells_nothing_and_follows_the_seed():
    some = pool(np.random.default_rng(4), SIZES)
    one, same, other = (sampled(some, 100, np.random.default_rng(k)) for k in (1, 1, 2))
    assert one.rows.tolist() == same.rows.tolist()
    assert one.rows.tolist() != other.rows.tolist()
    assert set(one.rows) == set(other.rows)  # who is drawn goes by the pool's keys alone
    half = [name.startswith("run") for name in one.stratum[:50]]
    assert 15 < sum(half) < 35
