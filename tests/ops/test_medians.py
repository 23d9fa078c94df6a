import numpy as np

from clumpscope.ops.medians import row_medians


def test_they_are_the_medians_of_what_is_used():
    rng = np.random.default_rng(1)
    values, used = rng.normal(size=(3, 4, 11)), rng.random((3, 4, 11)) < 0.5
    used[0, 0] = False
    found = row_medians(values, used)
    assert np.isnan(found[0, 0])
    for index in np.ndindex(3, 4):
        if used[index].any():
            assert found[index] == np.median(values[index][used[index]])


def test_values_of_all_rows_may_be_one_row():
    assert row_medians(np.arange(5.0), np.eye(5, dtype=bool)).tolist() == [0, 1, 2, 3, 4]
