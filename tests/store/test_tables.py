import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable, Table
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.clumps import LEVELS, clump_table, schema
from clumpscope.core.records import FAILURES, HOSTS, LABELS, SCHEMA_VERSION, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store import tables
from clumpscope.store.failures import write_failures
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.tables import (
    read_parquet,
    read_records,
    read_user_table,
    write_parquet,
)


def filled(level: str, n: int, seed: int = 0) -> QTable:
    """Return a clump table with something in every column."""
    rng = np.random.default_rng(seed)
    make = {
        "f8": lambda: rng.normal(size=n),
        "i4": lambda: rng.integers(-9, 9, n),
        "i8": lambda: rng.integers(0, 2**62, n),
        "bool": lambda: rng.random(n) < 0.5,
        "str": lambda: [f"name {i}" for i in range(n)],
    }
    return clump_table(level, {spec.name: make[spec.dtype]() for spec in schema(level)})


def assert_same(found: QTable, expected: QTable) -> None:
    assert found.colnames == expected.colnames
    assert found.meta == expected.meta
    for name in expected.colnames:
        a, b = found[name], expected[name]
        assert a.unit == b.unit, name
        assert a.dtype.kind == b.dtype.kind, name
        assert a.info.description == b.info.description, name
        assert a.info.meta == b.info.meta, name
        np.testing.assert_array_equal(plain(found, name), plain(expected, name), name)


@pytest.mark.parametrize("n", [0, 1, 7])
@pytest.mark.parametrize("level", LEVELS)
def test_parquet_keeps_values_units_ucds_and_descriptions(tmp_path, level, n):
    table = filled(level, n)
    write_parquet(table, tmp_path / "t.parquet")
    assert_same(read_parquet(tmp_path / "t.parquet"), table)


@given(
    st.lists(st.tuples(st.text(max_size=8), st.floats(), st.integers(-(2**31), 2**31 - 1))),
)
def test_parquet_keeps_every_value(tmp_path_factory, rows):
    # NUL ends a numpy string, so that no table can hold it at the end.
    names = [name.replace("\0", "") for name, _, _ in rows]
    table = record_table(
        LABELS,
        {"galaxy_id": names, "x1": [row[1] for row in rows], "label": [row[2] for row in rows]},
    )
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    write_parquet(table, path)
    assert_same(read_parquet(path), table)


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a.parquet", "b.parquet"):
        write_parquet(filled("release", 5), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_others_can_read_the_field_metadata(tmp_path):
    write_parquet(filled("release", 2), tmp_path / "t.parquet")
    field = pq.read_schema(tmp_path / "t.parquet").field("clump_flux_u")
    assert field.metadata[b"unit"] == b"Jy"
    assert field.metadata[b"ucd"] == b"phot.flux;em.opt.U"
    assert field.metadata[b"description"].startswith(b"clump flux in u")


def test_a_table_of_another_program(tmp_path):
    data = pa.table(
        {
            "galaxy_id": pa.array(["a", "b"]).dictionary_encode(),
            "label": pa.array([1, None]),
            **{name: pa.array([0.1, 0.2]) for name in ("x1", "y1", "x2", "y2")},
            "note": pa.array(["hello", None], pa.large_string()),
        }
    )
    pq.write_table(data, tmp_path / "t.parquet")
    table = read_records(tmp_path / "t.parquet", LABELS, required=("galaxy_id", "x1"))
    assert table["galaxy_id"].tolist() == ["a", "b"]
    assert table["label"].tolist() == [1, 0]
    assert np.isnan(plain(table, "ra")).all()
    assert table["ra"].unit == u.deg
    assert table["note"].tolist() == ["hello", ""]
    assert table.colnames[-1] == "note"


def test_whole_numbers_as_ids(tmp_path):
    pq.write_table(pa.table({"galaxy_id": [587722981742084144]}), tmp_path / "t.parquet")
    table = read_records(tmp_path / "t.parquet", HOSTS, required=("galaxy_id",))
    assert table["galaxy_id"].tolist() == ["587722981742084144"]


def test_a_missing_column_is_named(tmp_path):
    pq.write_table(pa.table({"galaxy_id": ["a"], "x1": [0.5]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet: expected columns .*got none named x2, y2"):
        read_records(tmp_path / "t.parquet", LABELS, required=("galaxy_id", "x1", "x2", "y2"))


@pytest.mark.parametrize("values", [["north"], [[1.0, 2.0]]])
def test_a_wrong_type_is_an_error(tmp_path, values):
    pq.write_table(pa.table({"galaxy_id": ["a"], "ra": values}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet"):
        read_records(tmp_path / "t.parquet", HOSTS, required=("galaxy_id",))


def test_a_wrong_unit_is_an_error(tmp_path):
    table = QTable({"galaxy_id": ["a"], "ra": [1.0] * u.Jy})
    write_parquet(table, tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet: .*Jy"):
        read_records(tmp_path / "t.parquet", HOSTS, required=("galaxy_id",))


def test_a_table_from_the_future(tmp_path):
    table = record_table(HOSTS, {"galaxy_id": ["a"]})
    table.meta["schema_version"] = SCHEMA_VERSION + 1
    write_parquet(table, tmp_path / "t.parquet")
    with pytest.raises(StoreError, match=rf"schema version <= {SCHEMA_VERSION}, got"):
        read_parquet(tmp_path / "t.parquet")


def test_damaged_metadata(tmp_path):
    data = pa.table({"galaxy_id": ["a"]}).replace_schema_metadata({b"clumpscope": b"{"})
    pq.write_table(data, tmp_path / "t.parquet")
    with pytest.raises(StoreError, match="damaged table metadata"):
        read_parquet(tmp_path / "t.parquet")


def test_missing_truncated_or_foreign_files(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(StoreError, match=r"t\.parquet: no such file"):
        read_parquet(path)
    write_parquet(filled("positions", 50), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StoreError, match="not a readable Parquet file"):
        read_parquet(path)
    path.write_text("galaxy_id\na\n")
    with pytest.raises(StoreError, match="not a readable Parquet file"):
        read_parquet(path)


def test_a_column_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "t.parquet"
    odd = pa.schema([pa.field("ra", pa.float64(), metadata={"unit": "banana"})])
    pq.write_table(pa.table({"ra": [1.0]}, schema=odd), path)
    with pytest.raises(FolderError, match=r"t\.parquet: column ra: expected a unit that"):
        read_parquet(path)
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["ra", "ra"]), path)
    with pytest.raises(FolderError, match=r"t\.parquet: expected each column once, got ra twice"):
        read_parquet(path)
    with pytest.raises(FolderError, match="ra twice"):
        read_user_table(path)


def test_what_is_no_table_at_all(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({}), path)
    with pytest.raises(TableError, match="at least one row, got an empty table"):
        read_user_table(path)
    with pytest.raises(TableError, match="got none named galaxy_id"):
        read_records(path, HOSTS, required=("galaxy_id",))
    path.unlink()
    path.mkdir()
    with pytest.raises(FolderError, match=r"t\.parquet: expected a regular file, got a folder"):
        read_parquet(path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(FolderError, match=r"t\.parquet: expected a regular file, got a named pipe"):
        read_parquet(path)


def test_a_table_of_too_many_values_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [0] * 1000, "b": [0] * 1000}), path)
    monkeypatch.setattr(tables, "_MOST_CELLS", 2000)
    assert len(read_parquet(path)) == 1000
    monkeypatch.setattr(tables, "_MOST_CELLS", 1999)
    with pytest.raises(FolderError, match="at most 1,999 values, got 2,000"):
        read_parquet(path)


@pytest.mark.parametrize(
    "meta", [b"[" * 100_000, b'{"schema_version": Infinity}', b'{"schema_version": []}', b"\xff"]
)
def test_metadata_of_every_kind(tmp_path, meta):
    data = pa.table({"galaxy_id": ["a"]}).replace_schema_metadata({b"clumpscope": meta})
    pq.write_table(data, tmp_path / "t.parquet")
    with pytest.raises(FolderError, match="damaged table metadata"):
        read_parquet(tmp_path / "t.parquet")


def test_words_and_places_that_are_not_utf8(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    rows = {"galaxy_id": ["a"], "stage": ["read"], "error": [f"{folder}: no such file"]}
    write_failures(record_table(FAILURES, rows), folder / "failures.parquet")
    found = read_parquet(folder / "failures.parquet")
    assert found["error"].tolist() == [f"{tmp_path}/caf\\udce9: no such file"]
    assert "caf\\udce9" in (folder / "failures.csv").read_text()
    write_fits(found, folder / "t.fits")
    assert read_user_table(folder / "t.fits")["galaxy_id"].tolist() == ["a"]


def test_fits_has_units_ucds_and_comments(tmp_path):
    table = filled("release", 3)
    write_fits(table, tmp_path / "t.fits")
    with fits.open(tmp_path / "t.fits", checksum=True) as hdus:
        header, data = hdus[1].header, hdus[1].data
        assert data.names == table.colnames
        for index, spec in enumerate(schema("release"), start=1):
            unit = header.get(f"TUNIT{index}", "")
            assert u.Unit(unit, format="fits") == u.Unit(spec.unit)
            assert header[f"TUCD{index}"] == spec.ucd
            assert header[f"TCOMM{index}"] == spec.description
            found = data[spec.name]
            if spec.dtype == "str":
                assert [str(value) for value in found] == list(plain(table, spec.name))
            else:
                np.testing.assert_array_equal(found, plain(table, spec.name))
        assert (header["LEVEL"], header["BANDS"], header["SCHEMA"]) == ("release", "ugriz", 3)
    # No warning of an unknown unit, and quantities come back as they were.
    back = QTable.read(tmp_path / "t.fits")
    assert back["clump_flux_u"].unit == u.Jy
    assert u.allclose(back["clump_background_g"], table["clump_background_g"], rtol=0)


def test_nanomaggies_are_jansky_in_fits(tmp_path):
    table = clump_table("photometry", {"galaxy_id": ["a"], "clump_flux_u": [2.0]})
    write_fits(table, tmp_path / "t.fits")
    back = QTable.read(tmp_path / "t.fits")
    assert back["clump_flux_u"].to_value(u.Jy) == pytest.approx([2 * 3.631e-6])


def test_fits_of_no_clumps(tmp_path):
    write_fits(clump_table("release", {}), tmp_path / "t.fits")
    with fits.open(tmp_path / "t.fits") as hdus:
        assert len(hdus[1].data) == 0
        assert hdus[1].data.names == [spec.name for spec in schema("release")]


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        (".csv", "ascii.csv"),
        (".ecsv", "ascii.ecsv"),
        (".fits", "fits"),
        (".vot", "votable"),
        (".xml", "votable"),
        (".CSV", "ascii.csv"),
    ],
)
def test_user_tables(tmp_path, suffix, how):
    path = tmp_path / f"targets{suffix}"
    table = Table({"galaxy_id": ["007", "8"], "ra": [1.5, 2.5], "dec": [-1.0, 0.0]})
    table.write(path, format=how)
    found = read_user_table(path)
    assert [str(value) for value in found["galaxy_id"]] == ["007", "8"]
    assert list(found["ra"]) == [1.5, 2.5]


def test_a_unit_that_fits_does_not_know_is_no_trouble(tmp_path):
    columns = [fits.Column("RAJ2000", "10A", unit="h:m:s", array=["10 12 13.4"])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "t.fits")
    assert read_user_table(tmp_path / "t.fits")["RAJ2000"][0] == "10 12 13.4"


def test_a_user_table_in_parquet(tmp_path):
    write_parquet(record_table(HOSTS, {"galaxy_id": ["a"]}), tmp_path / "t.parquet")
    assert list(read_user_table(tmp_path / "t.parquet")["galaxy_id"]) == ["a"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "t.csv"),
        ("t.csv", "ra,dec\n", "at least one row, got an empty table"),
        ("t.fits", "no FITS", "not a readable fits table"),
        ("t.vot", "<html></html>", "not a readable vot table"),
        ("t.ecsv", "ra dec\n1 2\n", "not a readable ecsv table"),
        ("t.parquet", "PAR1", "t.parquet"),
        ("t.xlsx", "", r"expected a table \(.*\.csv.*\.parquet\), got suffix '\.xlsx'"),
    ],
)
def test_unreadable_user_tables(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    error = StoreError if name.endswith("parquet") else TableError
    with pytest.raises(error, match=message):
        read_user_table(path)


def test_a_missing_user_table(tmp_path):
    with pytest.raises(TableError, match=r"none\.csv: no such file"):
        read_user_table(tmp_path / "none.csv")


def test_metadata_are_json_with_sorted_keys(tmp_path):
    write_parquet(filled("positions", 1), tmp_path / "t.parquet")
    raw = pq.read_schema(tmp_path / "t.parquet").metadata[b"clumpscope"]
    assert raw == json.dumps(json.loads(raw), sort_keys=True).encode()


LONG_ID = 299489676975171585  # more digits than a float holds


def test_whole_numbers_with_gaps_keep_their_digits(tmp_path):
    data = pa.table(
        {
            "galaxy_id": ["a", "b"],
            "specobjid": [LONG_ID, None],
            "redshift": pa.array([1, None], pa.int64()),
            "other": [LONG_ID, None],
        }
    )
    pq.write_table(data, tmp_path / "t.parquet")
    table = read_records(tmp_path / "t.parquet", HOSTS, required=("galaxy_id",))
    assert table["specobjid"].tolist() == [LONG_ID, 0]
    assert table["other"].tolist() == [LONG_ID, None]
    # What should be a float is unknown in a gap, not 0.
    np.testing.assert_array_equal(plain(table, "redshift"), [1, np.nan])


def test_text_comes_back_whether_bytes_or_objects(tmp_path):
    names = ["a", "bcd"]
    table = QTable({kind: np.array(names, dtype=kind) for kind in ("S3", "U3", "O")})
    write_parquet(table, tmp_path / "t.parquet")
    found = read_parquet(tmp_path / "t.parquet")
    assert all(list(found[kind]) == names for kind in table.colnames)
