"""Tables by parts: the files are those of tables that were held whole, byte for byte."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clumpscope.core.clumps import clump_table, schema
from clumpscope.errors import FolderError, StoreError
from clumpscope.store import parts, tables
from clumpscope.store.formats import WRITERS
from clumpscope.store.parts import Parts, join, read_arrow, read_rows, write_parts
from clumpscope.store.tables import as_arrow, read_parquet, write_parquet, write_row_groups


def release(n: int):
    """Clumps whose texts grow, some without a place, of both labels."""
    rng = np.random.default_rng(n)
    made = {
        "f8": lambda: rng.normal(size=n),
        "i4": lambda: np.arange(n, dtype=np.int32),
        "i8": lambda: np.arange(n) + 2**60 + 1,
        "bool": lambda: np.arange(n) % 2 == 0,
        "str": lambda: np.array(["e, <f>" * k for k in range(n)], dtype=np.str_),
    }
    columns = {spec.name: made[spec.dtype]() for spec in schema("release")}
    columns["galaxy_id"] = np.array([f"g{k}" for k in range(n)], dtype=np.str_)
    columns["clump_label_id"] = np.where(np.arange(n) < n - 2, 1, 2)
    columns["clump_centre_ra"] = np.where(np.arange(n) % 4 == 1, np.nan, rng.uniform(0, 360, n))
    columns["clump_centre_dec"] = rng.uniform(-90, 90, n)
    columns["aperture_radius_r"] = np.full(n, 1.4)
    return clump_table("release", columns)


@pytest.fixture
def small(monkeypatch):
    """Parts and groups of few rows."""
    monkeypatch.setattr(parts, "PART", 3)
    monkeypatch.setattr(tables, "_ROW_GROUP", 5)


@pytest.mark.parametrize("n", [0, 1, 5, 13])
@pytest.mark.parametrize("sizes", [(1,), (2, 7), (13,)])
def test_a_file_does_not_depend_on_how_its_rows_came(tmp_path, small, n, sizes):
    table = release(n)
    data = as_arrow(table)
    cuts = np.minimum(np.cumsum([0, *sizes * 13]), n)
    cut = [data.slice(a, b - a) for a, b in pairwise(cuts)]
    write_row_groups(cut, tmp_path / "parts.parquet")
    pq.write_table(data, tmp_path / "whole.parquet", row_group_size=5)
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


@pytest.mark.parametrize("n", [0, 13])
@pytest.mark.parametrize("name", WRITERS)
def test_a_format_does_not_depend_on_how_it_was_written(tmp_path, monkeypatch, n, name):
    """Texts have the room of the longest, metadata their order."""
    table = release(n)
    suffix, write = WRITERS[name]
    write(table, tmp_path / f"whole{suffix}")
    monkeypatch.setattr(parts, "PART", 3)
    by_part = write_parts([table[:4], table[4:11], table[11:]], tmp_path / "t.parquet")
    assert by_part.rows == n
    write(by_part, tmp_path / f"parts{suffix}")
    one, other = (tmp_path / f"{stem}{suffix}" for stem in ("whole", "parts"))
    assert one.read_bytes() == other.read_bytes()


def test_circles_of_one_colour_are_written_as_at_once(tmp_path, monkeypatch):
    """What all regions share stands above them."""
    table = release(7)[:5]
    write = WRITERS["regions"][1]
    write(table, tmp_path / "whole.reg")
    monkeypatch.setattr(parts, "PART", 2)
    write(table, tmp_path / "parts.reg")
    assert "global color" in (tmp_path / "whole.reg").read_text()
    assert (tmp_path / "whole.reg").read_bytes() == (tmp_path / "parts.reg").read_bytes()


def test_parts_are_gone_through_again_and_again(tmp_path, small):
    table = release(8)
    whole = write_parts([table[:5], table[5:]], tmp_path / "t.parquet")
    for _ in range(2):
        found = list(whole)
        assert [len(part) for part in found] == [3, 2, 3]  # of groups of 5
        assert {part["duplicate_of"].dtype for part in found} == {table["duplicate_of"].dtype}
        ids = [name for part in found for name in part["galaxy_id"]]
        assert ids == [f"g{k}" for k in range(8)]
    assert [len(part) for part in Parts.of(table[:0])] == [0]


def test_files_are_joined_in_their_order_as_if_at_once(tmp_path, small):
    table = release(9)
    files = [tmp_path / f"{k}.parquet" for k in range(4)]
    for path, rows in zip(files, (slice(0, 4), slice(0, 0), slice(4, 8), slice(8, 9)), strict=True):
        write_parquet(table[rows], path)
    join(files, tmp_path / "joined.parquet")
    write_parquet(table, tmp_path / "whole.parquet")
    assert (tmp_path / "joined.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    join(files[1:2], tmp_path / "none.parquet")
    assert read_parquet(tmp_path / "none.parquet").colnames == table.colnames


def test_what_cannot_be_joined_leaves_nothing(tmp_path):
    write_parquet(release(2), tmp_path / "a.parquet")
    write_parquet(release(2)["galaxy_id", "flags"], tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    for name, message in (("b", r"b\.parquet: expected columns"), ("c", "not a readable")):
        files = [tmp_path / "a.parquet", tmp_path / f"{name}.parquet"]
        with pytest.raises(StoreError, match=message):
            join(files, tmp_path / "joined.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("a.parquet", "b.parquet", "c.parquet")
    ]


def test_rows_of_some_galaxies(tmp_path, small):
    write_parquet(release(9), tmp_path / "t.parquet")
    found = read_rows(tmp_path / "t.parquet", {"g7", "g2", "other"})
    assert found["galaxy_id"].tolist() == ["g2", "g7"]
    assert found["clump_flux_u"].unit == "Jy"
    assert len(read_rows(tmp_path / "t.parquet", ())) == 0


def test_a_column_that_is_not_there_or_no_file_at_all(tmp_path):
    with pytest.raises(FolderError, match="no such file"):
        next(read_arrow(tmp_path / "t.parquet"))
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    assert next(read_arrow(tmp_path / "t.parquet", ["a"])).column_names == ["a"]
    with pytest.raises(FolderError, match="not a readable Parquet file"):
        next(read_arrow(Path(tmp_path / "t.parquet"), ["b"]))
