"""Failures as Parquet and as CSV that a spreadsheet may open."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.records import FAILURES, table_of_rows
from clumpscope.errors import StoreError
from clumpscope.ops.csv_cells import unguarded
from clumpscope.store.failures import write_failures
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)


def rows(*errors):
    return table_of_rows(
        FAILURES,
        [{"galaxy_id": f"g{k}", "stage": "read", "error": error} for k, error in enumerate(errors)],
    )


def read(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@settings(deadline=None)
@given(st.lists(TEXT, max_size=5))
def test_csv_holds_what_the_table_holds(tmp_path_factory, errors):
    path = tmp_path_factory.mktemp("f") / "failures.parquet"
    write_failures(rows(*errors), path)
    header, *lines = read(path.with_suffix(".csv"))
    assert header == ["galaxy_id", "stage", "error"]
    assert [unguarded(line[2]) for line in lines] == errors
    assert list(read_parquet(path)["error"]) == errors


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula(tmp_path, start):
    write_failures(rows(f'{start}HYPERLINK("x"), y', "plain"), tmp_path / "failures.parquet")
    (_, first, second) = read(tmp_path / "failures.csv")
    assert first[2] == f'\'{start}HYPERLINK("x"), y'
    assert second[2] == "plain"


def test_ids_are_guarded_as_well(tmp_path):
    table = table_of_rows(FAILURES, [{"galaxy_id": "-7", "stage": "read", "error": "x"}])
    write_failures(table, tmp_path / "failures.parquet")
    assert read(tmp_path / "failures.csv")[1] == ["'-7", "read", "x"]
    assert list(read_parquet(tmp_path / "failures.parquet")["galaxy_id"]) == ["-7"]


def test_a_run_writes_both_and_finds_a_reason(tmp_path):
    store = Run(tmp_path)
    store.write("failures", rows("truncated", "no band u"))
    assert len(read(tmp_path / "failures.csv")) == 3
    assert store.failure("g1") == "read: no band u"
    assert store.failure("g2") == ""


def test_a_failed_write_leaves_nothing_half(tmp_path, monkeypatch):
    write_failures(rows("old"), tmp_path / "failures.parquet")
    monkeypatch.setattr(csv, "writer", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(StoreError, match="failures"):
        write_failures(rows("new"), tmp_path / "failures.parquet")
    assert read_back(tmp_path) == [["g0", "read", "old"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["failures.csv", "failures.parquet"]


def read_back(folder):
    return [line.split(",") for line in (folder / "failures.csv").read_text().splitlines()[1:]]
