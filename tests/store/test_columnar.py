"""Columns of large tables, by name."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clumpscope.errors import FolderError
from clumpscope.store.columnar import column_names, read_columns


def test_only_what_is_asked_for_and_there_is_read(tmp_path):
    path = tmp_path / "t.parquet"
    columns = {"galaxy_id": ["a", "b", "a"], "clump_id": [1, 1, 2], "x": [0.5, None, 2.0]}
    pq.write_table(pa.table(columns), path)
    assert column_names(path) == ["galaxy_id", "clump_id", "x"]
    found = read_columns(path, ("x", "galaxy_id", "absent"))
    assert list(found) == ["x", "galaxy_id"]
    assert found["galaxy_id"].tolist() == ["a", "b", "a"]
    np.testing.assert_array_equal(found["x"], [0.5, np.nan, 2.0])
    assert read_columns(path, ["clump_id"])["clump_id"].dtype == np.int64


def test_a_column_that_is_there_twice(tmp_path):
    path = tmp_path / "t.parquet"
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["galaxy_id"] * 2)
    pq.write_table(twice, path)
    with pytest.raises(FolderError, match="each column once, got galaxy_id twice"):
        read_columns(path, ["galaxy_id"])
