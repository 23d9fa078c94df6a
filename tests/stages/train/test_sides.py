"""No host on both sides, whatever the order of the galaxies."""

from collections import Counter

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.records import SPLIT, record_table
from clumpscope.errors import TableError
from clumpscope.stages.train.sides import by_host, by_host_of_both_kinds, of_group, same_hosts

# Names with few repeats and with many.
HOSTS = st.lists(st.integers(0, 30).map(lambda k: f"g{k}"), min_size=2, max_size=80).filter(
    lambda names: len(set(names)) > 1
)
SHARES = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 1000)


@given(HOSTS, SHARES, SEEDS)
def test_no_host_is_on_both_sides_and_each_side_has_one(hosts, share, seed):
    held = by_host(hosts, share, seed)
    sides = [
        {host for host, out in zip(hosts, held, strict=True) if out is side}
        for side in (np.True_, np.False_)
    ]
    assert all(sides)
    assert not sides[0] & sides[1]


@given(HOSTS, SHARES, SEEDS)
def test_the_share_is_that_wanted_within_half_the_largest_host(hosts, share, seed):
    held = by_host(hosts, share, seed)
    size = Counter(hosts)
    lonely = (
        min(
            len({h for h, out in zip(hosts, held, strict=True) if out == side})
            for side in (True, False)
        )
        == 1
    )
    smallest = min(size.values()) in (held.sum(), (~held).sum())
    near = abs(held.sum() - share * len(hosts)) <= max(size.values()) / 2
    assert near or (lonely and smallest)


@given(HOSTS, SHARES, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_galaxies_changes_nothing(hosts, share, seed, random):
    before = dict(zip(hosts, by_host(hosts, share, seed), strict=True))
    shuffled = random.sample(hosts, len(hosts))
    assert dict(zip(shuffled, by_host(shuffled, share, seed), strict=True)) == before


def test_seeds_differ_and_hosts_come_evenly():
    hosts = [f"g{k}" for k in range(20)]
    draws = np.array([by_host(hosts, 0.3, seed) for seed in range(300)])
    assert (draws.sum(axis=1) == 6).all()
    # Each is held out about 90 times of 300: 8 is one standard deviation.
    assert np.abs(draws.sum(axis=0) - 90).max() < 4 * 8


def test_one_host_cannot_be_divided():
    with pytest.raises(TableError, match="expected at least two hosts, to hold one out, got 1"):
        by_host(["a", "a", "a"], 0.3, 0)


def test_copies_share_a_host_by_name():
    unknown = np.full(5, np.nan)
    assert same_hosts(["b", "a", "b", "c", "a"], unknown, unknown) == ["b", "a", "b", "c", "a"]


@pytest.mark.parametrize("dec", [0.0, -89.9, 89.99])
def test_copies_share_a_host_by_place(dec):
    """Galaxies 2.5, 2.5 and 3.5 arcsec after one another, across RA 0, near the pole too."""
    first = SkyCoord(359.9999, dec, unit="deg")
    places = [first]
    for step in (2.5, 2.5, 3.5):
        places.append(places[-1].directional_offset_by(90 * u.deg, step * u.arcsec))
    ra, dec = ([getattr(place, name).deg for place in places] for name in ("ra", "dec"))
    assert same_hosts(["d", "c", "b", "a"], ra, dec) == ["b", "b", "b", "a"]


def test_names_and_places_make_chains():
    ra = [10, np.nan, 10.0001, 50, 50]
    dec = [5, np.nan, 5, np.nan, 5]
    assert same_hosts(["x", "x", "b", "y", "a"], ra, dec) == ["b", "b", "b", "y", "a"]


def test_many_copies_of_one_host_are_one():
    """Five thousand at one place would make twelve million pairs."""
    ra = np.repeat([10.0, 20.0], 5000)
    hosts = np.repeat(["a", "b"], 5000)
    assert same_hosts(hosts.tolist(), ra, ra) == hosts.tolist()


def groups(*rows):
    ids, number, side = zip(*rows, strict=True)
    return record_table(SPLIT, {"galaxy_id": ids, "group": number, "split": side})


GROUPS = groups(("a", 1, "train"), ("b", 1, "validation"), ("a", 2, "test"), ("c", 2, "train"))


def test_sides_of_a_group():
    assert of_group(GROUPS, 1, "g") == {"a": "train", "b": "validation"}
    assert of_group(GROUPS, 2, "g") == {"a": "test", "c": "train"}


def test_a_group_that_is_not_there_names_those_that_are():
    with pytest.raises(TableError, match=r"g\.parquet: group: expected one of 1 2, got 3"):
        of_group(GROUPS, 3, "g.parquet")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", 1, "test"), "group 1, galaxy a: expected once, got twice"),
        (("c", 1, "held"), "galaxy c, split: expected one of train validation test, got held"),
    ],
)
def test_groups_that_cannot_be(row, message):
    table = groups(
        *zip(*(GROUPS[name] for name in ("galaxy_id", "group", "split")), strict=True), row
    )
    with pytest.raises(TableError, match=message):
        of_group(table, 1, "g")


def test_both_kinds_are_held_out_in_equal_shares():
    hosts = [f"h{k // 2}" for k in range(400)]
    clumpy = [k < 100 for k in range(400)]
    held_out = by_host_of_both_kinds(hosts, clumpy, 0.1, 3)
    assert held_out[:100].sum() == 10
    assert held_out[100:].sum() == 30
    assert (held_out[::2] == held_out[1::2]).all()  # whole hosts
    with pytest.raises(
        TableError, match="galaxies without labels: expected at least two hosts, .* got 0"
    ):
        by_host_of_both_kinds(hosts[:100], clumpy[:100], 0.1, 3)
