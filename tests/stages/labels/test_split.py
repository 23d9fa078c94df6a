from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.config.labels import LabelsConfig
from clumpscope.core.records import LABELS, record_table
from clumpscope.errors import TableError
from clumpscope.stages.labels.select import select
from clumpscope.stages.labels.split import group_sizes, split

TABLE_9 = [
    *(500, 605, 732, 886, 1073, 1298, 1571, 1901, 2301, 2785),
    *(3370, 4079, 4936, 5974, 7230, 8750, 10590, 12816, 15511, 18772),
]


def labels(odd, normal):
    ids = [f"g{k}" for k in range(len(odd)) for _ in range(odd[k] + normal[k])]
    label = [2 if j < odd[k] else 1 for k in range(len(odd)) for j in range(odd[k] + normal[k])]
    return record_table(LABELS, {"galaxy_id": ids, "label": label})


def ratio(table, members):
    rows = np.isin(table["galaxy_id"], members)
    label = np.asarray(table["label"])[rows]
    return (label == 2).sum() / (label == 1).sum()


def test_table_9():
    assert group_sizes(18772, LabelsConfig()) == TABLE_9


def test_run_groups_of_the_real_labels(gzcs):
    table, _ = select(gzcs, LabelsConfig())
    groups = split(table, LabelsConfig(), seed=0)
    whole = ratio(table, table["galaxy_id"])
    for number, size in enumerate(TABLE_9, start=1):
        rows = groups[groups["group"] == number]
        assert len(set(rows["galaxy_id"])) == len(rows) == size
        off = abs(ratio(table, np.asarray(rows["galaxy_id"])) / whole - 1)
        assert off <= (0.05 if size >= 1900 else 0.12)
        parts = Counter(rows["split"])
        for name, share in (("train", 0.7), ("validation", 0.2), ("test", 0.1)):
            assert abs(parts[name] - share * size) <= 1


@given(st.integers(0, 2**31), st.integers(3, 300), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_any_split_is_whole_and_repeats(seed, galaxies, n):
    rng = np.random.default_rng(seed)
    odd = rng.poisson(0.5, galaxies)
    table = labels(odd, np.maximum(rng.poisson(1.5, galaxies), odd == 0))
    config = LabelsConfig(groups=n, smallest_group=50)
    groups = split(table, config, seed)
    again = split(table[rng.permutation(len(table))], config, seed)
    assert (groups["galaxy_id"] == again["galaxy_id"]).all()
    assert (groups["split"] == again["split"]).all()
    assert set(groups["group"]) == set(range(1, n + 1))
    last = groups[groups["group"] == n]
    assert set(last["galaxy_id"]) == set(table["galaxy_id"])
    for number, size in enumerate(group_sizes(galaxies, config), start=1):
        rows = groups[groups["group"] == number]
        assert len(rows) == len(set(rows["galaxy_id"])) == size


def test_another_seed_is_another_draw():
    table = labels(np.zeros(100, int), np.ones(100, int))
    config = LabelsConfig(groups=1)
    one, two = (split(table, config, seed) for seed in (1, 2))
    assert (one["galaxy_id"] == two["galaxy_id"]).all()
    assert (one["split"] != two["split"]).any()


def test_too_few_galaxies():
    with pytest.raises(TableError, match="at least 3 galaxies, got 2"):
        split(labels([0, 1], [1, 0]), LabelsConfig(), 0)
