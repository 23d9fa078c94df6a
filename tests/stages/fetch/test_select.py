"""The paper's sample of Galaxy Zoo 2."""

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from clumpscope.errors import TableError
from clumpscope.stages.fetch.select import paper_sample, paper_sql

VOTES = "t01_smooth_or_features_a01_smooth_fraction"
TABLE = Table(
    {
        "specz": MaskedColumn([0.05, 0.05, 0.3, 0.02, 0.1, 0.1, 0.0], mask=[0, 0, 0, 0, 0, 0, 1]),
        VOTES: [0.2, 0.5, 0.2, 0.2, 0.49, 0.1, 0.1],
        "zWarning": [0, 0, 0, 0, 0, 4, 0],
        "clean": [1, 1, 1, 1, 0, 1, 1],
    }
)


def test_each_cut():
    kept, steps = paper_sample(TABLE)
    assert [step.count for step in steps] == [7, 5, 3, 2, 1]
    assert kept.tolist() == [True] + 6 * [False]
    assert [step.published for step in steps] == [304122, 243500, 225085, 53613, None]
    assert str(steps[2]) == "3 of redshift 0.02 to 0.25 (Table 1: 225,085)"


def test_cuts_on_what_is_there():
    table = TABLE["specz", VOTES]
    kept, steps = paper_sample(table)
    assert len(steps) == 4
    assert np.flatnonzero(kept).tolist() == [0, 4, 5]
    with pytest.raises(TableError, match="expected a column t01smooth"):
        paper_sample(TABLE["specz",])


def test_the_same_cuts_in_sql():
    sql = paper_sql()
    for cut in ("s.z > 0.02", "s.z < 0.25", "s.zWarning = 0", "p.clean = 1", f"{VOTES} < 0.5"):
        assert cut in sql


def test_z_beside_magnitudes_is_no_redshift():
    table = TABLE["specz", VOTES]
    table.rename_column("specz", "z")
    alone, _ = paper_sample(table)
    assert alone.tolist() == paper_sample(TABLE["specz", VOTES])[0].tolist()
    table["g"], table["r"] = 18.0, 17.5
    with pytest.raises(TableError, match="redshift"):
        paper_sample(table)
    table["zspec"] = TABLE["specz"]
    assert paper_sample(table)[0].tolist() == alone.tolist()
