"""Clumps in the catalogue's order, block by block."""

import numpy as np
import pytest

from clumpscope.core.clumps import clump_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store import in_order as module
from clumpscope.store import parts
from clumpscope.store.in_order import in_order
from clumpscope.store.tables import write_parquet


def photometry(ids, numbers):
    n = len(ids)
    values = {"clump_flux_u": np.arange(n, dtype=float), "clump_centre_ra": np.arange(n) + 100.0}
    return clump_table("photometry", {"galaxy_id": ids, "clump_id": numbers, **values})


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Twenty galaxies of one to four clumps, in no order."""
    monkeypatch.setattr(module, "BLOCK", 5)
    monkeypatch.setattr(parts, "PART", 3)
    rng = np.random.default_rng(3)
    rows = [(f"g{k}", number + 1) for k in range(20) for number in range(1 + k % 4)]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    write_parquet(photometry(*map(list, zip(*rows, strict=True))), tmp_path / "photometry.parquet")
    return tmp_path / "photometry.parquet"


def test_each_clump_once_sorted_by_galaxy_and_number(path):
    with in_order(path) as clumps:
        blocks = list(clumps.blocks())
        again = [len(table) for _, table in clumps.blocks()]
        keys = [
            (galaxy, number)
            for _, table in blocks
            for galaxy, number in zip(table["galaxy_id"], table["clump_id"], strict=True)
        ]
        assert keys == sorted(keys)
        assert len(keys) == len(set(keys)) == 50
        for rows, table in blocks:
            assert clumps.galaxies[clumps.of[rows]].tolist() == table["galaxy_id"].tolist()
            assert clumps.clump_id[rows].tolist() == table["clump_id"].tolist()
            assert clumps.ra[rows] == pytest.approx(plain(table, "clump_centre_ra"))
            assert plain(table, "clump_flux_u") + 100 == pytest.approx(clumps.ra[rows])
    assert again == [len(table) for _, table in blocks]
    assert 10 <= len(again) <= 20
    assert max(again) <= 5
    # No galaxy is in two.
    ids = [set(table["galaxy_id"]) for _, table in blocks]
    assert sum(map(len, ids)) == 20
    assert [one.name for one in path.parent.iterdir()] == ["photometry.parquet"]


def test_a_galaxy_of_more_clumps_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 5)
    write_parquet(photometry(["a"] * 2 + ["b"] * 9 + ["c"], [*range(1, 3), *range(1, 10), 1]),
                  tmp_path / "p.parquet")  # fmt: skip
    with in_order(tmp_path / "p.parquet") as clumps:
        assert [len(table) for _, table in clumps.blocks()] == [2, 9, 1]


def test_no_clump_is_one_block(tmp_path):
    write_parquet(photometry([], []), tmp_path / "p.parquet")
    with in_order(tmp_path / "p.parquet") as clumps:
        assert [len(table) for _, table in clumps.blocks()] == [0]


def test_what_is_no_photometry(tmp_path):
    path = tmp_path / "p.parquet"
    write_parquet(photometry(["a", "a"], [1, 1]), path)
    with pytest.raises(TableError, match="each once, got 'a 1' twice"), in_order(path):
        pass
    write_parquet(photometry(["../a"], [1]), path)
    with pytest.raises(TableError, match="galaxy_id"), in_order(path):
        pass
    write_parquet(clump_table("positions", {"galaxy_id": ["a"]}), path)
    with pytest.raises(FolderError, match="a clump table of level photometry"), in_order(path):
        pass
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match="not a readable"), in_order(path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["p.parquet"]
