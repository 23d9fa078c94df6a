"""The authors' table as others write it: gaps, and what is refused."""

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.authors import from_authors


def table(**changes):
    columns = {"local_id": [7, 8], "label": [1, 2]}
    columns |= {name: [10.0, 20.0] for name in ("x1", "y1")}
    columns |= {name: [30.0, 40.0] for name in ("x2", "y2")}
    return Table({**columns, **changes})


def gap(*values):
    return MaskedColumn(values, mask=[False, True])


def test_gaps_in_what_may_be_unknown_are_blank():
    found = from_authors(table(n_marks=gap(3, 9), probability=gap(0.5, 9.0)), "f")
    assert found["n_marks"].tolist() == [3, 0]
    assert found["probability"][0] == 0.5
    assert np.isnan(found["probability"][1])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"x1": gap(10.0, 20.0)}, r"row 2 \(8\): x1, y1, x2, y2: expected finite numbers, got nan"),
        ({"x1": [10.0, np.inf]}, r"row 2 \(8\): x1: expected a finite number, got inf"),
        ({"x1": ["10", "a"]}, r"row 2 \(8\): x1: expected a number, got a"),
        ({"x1": [10.0, 45.0]}, r"row 2 \(8\): x1, y1, x2, y2: expected x1 < x2"),
        ({"label": [1, 3]}, r"row 2 \(8\): label: expected 1 \(clump\) or 2 \(odd clump\), got 3"),
        ({"label": gap(1, 2)}, r"row 2 \(8\): label: expected 1 .*, got 0"),
        ({"label": [1, 1e30]}, r"row 2 \(8\): label: expected a number from"),
        ({"probability": [0.5, 9]}, r"row 2 \(8\): probability: expected 0 to 1, got 9"),
        ({"n_marks": [1, 1e30]}, r"row 2 \(8\): n_marks: expected a number from"),
        ({"local_id": ["a", "../b"]}, r"row 2 \(\.\./b\): galaxy_id: expected 1 to 64"),
        ({"local_id": [1.0, 5.9e17]}, r"row 2: expected an id with all its digits"),
    ],
)
def test_a_row_that_cannot_be_is_named(changes, problem):
    with pytest.raises(TableError, match=rf"^f.*{problem}"):
        from_authors(table(**changes), "f")
