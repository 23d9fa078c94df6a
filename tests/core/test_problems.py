"""Rows that cannot be used."""

import numpy as np
import pytest

from clumpscope.core.problems import Problems
from clumpscope.errors import TableError


def test_one_row_is_told_in_a_line_and_of_many_the_first_five_and_the_number():
    problems, ids = Problems(), [f"g{k}" for k in range(2000)]
    problems.refuse(ids, "t.csv")
    problems.note(2, "x", "a number", "abc")
    with pytest.raises(TableError, match=r"^t\.csv, row 3 \(g2\): x: expected a number, got abc$"):
        problems.refuse(ids, "t.csv")
    values = np.column_stack([np.arange(2000.0), np.zeros(2000)])
    problems.note_where(values[:, 0] >= 700, "box", "less", values)
    with pytest.raises(TableError) as caught:
        problems.refuse(ids, "t.csv")
    assert str(caught.value).splitlines() == [
        "t.csv: 1,301 of 2,000 rows cannot be used:",
        "  row 3 (g2): x: expected a number, got abc",
        *(f"  row {k + 1} (g{k}): box: expected less, got {k}, 0" for k in range(700, 704)),
        "  and 1,296 more",
    ]


def test_the_first_reason_of_a_row_counts_and_ids_are_told_in_short():
    problems = Problems()
    problems.note(0, "x", "a number", "abc")
    problems.note(0, "y", "another", "reason")
    with pytest.raises(
        TableError, match=rf"^t, row 1 \({'i' * 80}\): x: expected a number, got abc$"
    ):
        problems.refuse(["i" * 999], "t")
    with pytest.raises(TableError, match=r"^t, line 7: x: "):
        problems.refuse(["a", "b"], "t", ["line 7", "line 9"])
