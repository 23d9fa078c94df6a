"""Labels on disk, ours and the authors', and whom somebody looked at."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import QTable, Table

from clumpscope.core.records import CONSENSUS, LABELS, record_table
from clumpscope.errors import StoreError, TableError
from clumpscope.store.labels import State, looked_at, read_any_labels, read_images, read_labels
from clumpscope.store.tables import write_parquet

OURS = {"galaxy_id": ["a"], "label": [1], "x1": [0.1], "y1": [0.2], "x2": [0.3], "y2": [0.4]}


def refused(table, where):
    raise AssertionError


def test_labels_of_ours_in_a_file_or_a_folder(tmp_path):
    write_parquet(record_table(LABELS, OURS), tmp_path / "labels.parquet")
    for path in (tmp_path, tmp_path / "labels.parquet"):
        assert read_any_labels(path, refused)["galaxy_id"].tolist() == ["a"]
    with pytest.raises(StoreError, match="no such file"):
        read_any_labels(tmp_path / "none", refused)


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_a_table_in_the_authors_layout_is_made_ours(tmp_path, name):
    table = Table({"local_id": [7], "label": [2]})
    if name.endswith("csv"):
        table.write(tmp_path / name)
    else:
        write_parquet(table, tmp_path / name)
    given = []

    def ours(read, where):
        given.append((read["local_id"].tolist(), where))
        return record_table(LABELS, OURS)

    assert read_any_labels(tmp_path / name, ours)["galaxy_id"].tolist() == ["a"]
    assert given == [([7], tmp_path / name)]


def test_who_was_looked_at(tmp_path):
    assert looked_at(tmp_path) is None
    assert looked_at(tmp_path / "labels.parquet") is None
    images = QTable({"galaxy_id": ["a", "b", "c"], "n_looks": np.array([3, 0, 1])})
    write_parquet(images, tmp_path / "images.parquet")
    assert looked_at(tmp_path) == {"a", "c"}
    write_parquet(images[["galaxy_id"]], tmp_path / "images.parquet")
    with pytest.raises(TableError, match=r"images\.parquet: expected .*n_looks, got no n_looks"):
        looked_at(tmp_path)


def test_columns_of_a_consensus_stay_and_others_must_be_there(tmp_path):
    table = record_table(LABELS, OURS)
    table["probability"] = [0.75]
    write_parquet(table, tmp_path / "labels.parquet")
    assert read_labels(tmp_path)["probability"].tolist() == [0.75]
    assert np.isnan(read_labels(tmp_path)["ra"].value).all()
    table.remove_column("y2")
    write_parquet(table, tmp_path / "other.parquet")
    with pytest.raises(TableError, match=r"other\.parquet: expected columns .*none named y2"):
        read_labels(tmp_path / "other.parquet")


def state(*looks):
    names, people = zip(*looks, strict=True) if looks else ((), ())
    numbers = np.arange(len(looks), dtype=float)
    return State(
        QTable(
            {
                "galaxy_id": np.array(names, dtype=object),
                "volunteer": np.array(people, dtype=object),
                "marks_0": numbers,
                "found_0": numbers + 0.5,
            }
        )
    )


def rows(found):
    names = ("galaxy_id", "volunteer", "marks_0", "found_0")
    return list(zip(*(found.table[name].tolist() for name in names), strict=True))


def test_a_state_survives_the_disk(tmp_path):
    state(("b", "x"), ("a", "x"), ("b", "y")).write(tmp_path / "state.parquet")
    found = State.read(tmp_path / "state.parquet")
    assert rows(found) == [("b", "x", 0, 0.5), ("a", "x", 1, 1.5), ("b", "y", 2, 2.5)]
    assert found.table["galaxy_id"][0] is found.table["galaxy_id"][2]  # each name is there once
    write_parquet(found.table[["galaxy_id", "volunteer", "marks_0"]], tmp_path / "other.parquet")
    with pytest.raises(StoreError, match="expected a consensus state, got another table"):
        State.read(tmp_path / "other.parquet")


NUMBERS = "expected numbers from 0 to 1e\\+09, got"


@pytest.mark.parametrize(
    ("name", "column", "problem"),
    [
        ("marks_0", pa.array(["1", "2", "3"]), f"marks_0: {NUMBERS} text"),
        ("marks_0", pa.array([[1.0], [2.0], [3.0]]), f"marks_0: {NUMBERS} lists or others"),
        ("marks_0", pa.array([None, None, None]), f"marks_0.*: {NUMBERS}"),
        ("marks_0", pa.array([True, False, True]), f"marks_0: {NUMBERS} true and false"),
        ("found_0", pa.array([1.0, None, 3.0]), f"found_0, row 2: {NUMBERS} none"),
        ("found_0", pa.array([1, 2, None]), f"found_0, row 3: {NUMBERS} none"),
        ("found_0", pa.array([1.0, np.nan, 3.0]), f"found_0, row 2: {NUMBERS} none"),
        ("found_0", pa.array([np.inf, 1.0, 3.0]), f"found_0, row 1: {NUMBERS} inf"),
        ("found_0", pa.array([0.0, 1.0, -1.0]), f"found_0, row 3: {NUMBERS} -1"),
        ("other", pa.array([0.0, 1.0, 1e300]), f"other, row 3: {NUMBERS} 1e\\+300"),
        ("galaxy_id", pa.array([1, 2, 3]), "galaxy_id: expected text, got whole numbers"),
        ("galaxy_id", pa.array(["a", "../b", "c"]), "row 2: galaxy_id: expected 1 to 64"),
        ("galaxy_id", pa.array(["a", None, "c"]), "row 2: galaxy_id: expected 1 to 64"),
        ("volunteer", pa.array([["x"], ["y"], []]), "volunteer: expected text, got lists"),
        ("volunteer", pa.array(["x", "y", None]), "volunteer, row 3: expected a name, got none"),
    ],
)
def test_a_state_of_other_columns_is_refused(tmp_path, name, column, problem):
    path = tmp_path / "state.parquet"
    state(("b", "x"), ("a", "x"), ("b", "y")).write(path)
    table = pq.read_table(path)
    if name in table.column_names:
        table = table.drop_columns([name])
    pq.write_table(table.append_column(name, column), path)
    with pytest.raises(TableError, match=rf"state\.parquet.*{problem}"):
        State.read(path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"x2": [np.inf]}, "expected finite numbers"),
        ({"label": [7]}, "label: expected 1"),
        ({"probability": [9.0]}, "probability: expected 0 to 1, got 9"),
    ],
)
def test_labels_that_cannot_be_are_refused(tmp_path, changes, problem):
    columns = {**OURS, **changes}
    kind = [*LABELS, *(CONSENSUS if "probability" in columns else [])]
    write_parquet(record_table(kind, columns), tmp_path / "labels.parquet")
    with pytest.raises(TableError, match=rf"labels\.parquet, row 1 \(a\): .*{problem}"):
        read_labels(tmp_path)


def test_ids_are_checked_wherever_they_come_in(tmp_path):
    bad = {**OURS, "galaxy_id": ["../a"]}
    write_parquet(record_table(LABELS, bad), tmp_path / "labels.parquet")
    images = QTable({"galaxy_id": ["a", "/b"], "n_looks": np.array([3, 0])})
    write_parquet(images, tmp_path / "images.parquet")
    with pytest.raises(TableError, match=r"labels\.parquet, row 1: galaxy_id: .* got '\.\./a'"):
        read_labels(tmp_path)
    with pytest.raises(TableError, match=r"images\.parquet, row 2: galaxy_id: .* got '/b'"):
        read_images(tmp_path)
    write_parquet(QTable({"galaxy_id": ["a"], "n_looks": ["3"]}), tmp_path / "images.parquet")
    with pytest.raises(TableError, match=rf"n_looks: {NUMBERS} text"):
        read_images(tmp_path)


def test_a_state_grows_and_forgets():
    first, second, none = state(("a", "x"), ("b", "x")), state(("c", "y")), state()
    both = first.grown(second)
    assert [row[0] for row in rows(both)] == ["a", "b", "c"]
    assert rows(first.grown(none)) == rows(none.grown(first)) == rows(first)
    assert rows(none.grown(none)) == []
    assert [row[0] for row in rows(both.without(np.array(["b", "z"])))] == ["a", "c"]
