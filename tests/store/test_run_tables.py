"""A run's own tables with columns missing or of another kind: named, never a traceback."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clumpscope.errors import FolderError, TableError
from clumpscope.store.run_tables import read_run_table
from clumpscope.store.tables import write_parquet

NAMES = ("detections", "galaxies", "failures", "positions", "photometry", "catalogue")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_wrote_is_read_and_written_again_byte_for_byte(oblong_run, tmp_path, name):
    table = read_run_table(oblong_run, name)
    write_parquet(table, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (
        oblong_run / f"{name}.parquet"
    ).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_column_and_one_of_another_kind_are_named(oblong_run, tmp_path, name):
    whole = pq.read_table(oblong_run / f"{name}.parquet")
    path = tmp_path / f"{name}.parquet"
    for column in whole.column_names[:: max(1, len(whole.column_names) // 8)]:
        pq.write_table(whole.drop_columns([column]), path)
        with pytest.raises(TableError, match=rf"{name}\.parquet: .*got none named {column}$"):
            read_run_table(tmp_path, name)
    numbers = [f for f in whole.schema if not pa.types.is_string(f.type)]
    for field in numbers[:3]:
        odd = pa.field(field.name, pa.list_(pa.int64()))
        rows = pa.array([[1, 2, 3]] * len(whole), odd.type)
        pq.write_table(whole.set_column(whole.schema.get_field_index(field.name), odd, rows), path)
        with pytest.raises(TableError, match=rf"{name}\.parquet: column {field.name}: expected"):
            read_run_table(tmp_path, name)


def test_a_table_of_another_level_or_without_bands(oblong_run, tmp_path):
    shutil.copy(oblong_run / "catalogue.parquet", tmp_path / "photometry.parquet")
    with pytest.raises(FolderError, match="a clump table of level photometry, got release"):
        read_run_table(tmp_path, "photometry")
    shutil.copy(oblong_run / "detections.parquet", tmp_path / "positions.parquet")
    with pytest.raises(FolderError, match="a clump table of level positions, got none"):
        read_run_table(tmp_path, "positions")
    whole = pq.read_table(oblong_run / "positions.parquet")
    for bands in (b"3", b'["u"]', b'"uu"', b'"u3"', b'"uU"', b'"u,VIS,err"', b'""'):
        meta = {b"clumpscope": b'{"level": "positions", "bands": %s}' % bands}
        pq.write_table(whole.replace_schema_metadata(meta), tmp_path / "positions.parquet")
        with pytest.raises(FolderError, match="expected names of bands in its metadata"):
            read_run_table(tmp_path, "positions")


@pytest.mark.parametrize("name", ["galaxies", "positions", "photometry", "catalogue"])
def test_a_row_that_is_there_twice(oblong_run, tmp_path, name):
    whole = pq.read_table(oblong_run / f"{name}.parquet")
    pq.write_table(pa.concat_tables([whole, whole.slice(0, 1)]), tmp_path / f"{name}.parquet")
    with pytest.raises(TableError, match=rf"{name}\.parquet: galaxy_id.*: expected each once, got"):
        read_run_table(tmp_path, name)
