"""The catalogue of a run, of all galaxies with which it can be made."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError
from clumpscope.jobs import release as module
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.release import release
from clumpscope.store.run import Run


def rows(table, galaxy_id: str) -> int:
    return int(np.sum(plain(table, "galaxy_id").astype(str) == galaxy_id))


@pytest.fixture
def copied(oblong_run: Path, tmp_path: Path) -> Run:
    """A run to change."""
    return Run(Path(shutil.copytree(oblong_run, tmp_path / "run")))


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> str:
    """A galaxy with which no catalogue can be made."""
    name, real = "sim000002", module.catalogue

    def fussy(photometry, *others):
        if rows(photometry, name):
            raise ValueError("Latitude angle(s)")
        return real(photometry, *others)

    monkeypatch.setattr(module, "catalogue", fussy)
    return name


def test_one_galaxy_does_not_stop_it(copied: Run, odd: str, monkeypatch) -> None:
    whole = copied.read("catalogue")
    made = release(copied, copied.sample().hosts, CatalogueConfig())
    assert made == len(whole) - rows(whole, odd) < len(whole)
    now = copied.read("catalogue")
    assert rows(now, odd) == 0
    assert list(now["clump_name"]) == [
        row["clump_name"] for row in whole if row["galaxy_id"] != odd
    ]
    assert copied.failure(odd) == "catalogue: ValueError: Latitude angle(s)"
    galaxies = copied.read("galaxies")
    failed = np.asarray(galaxies["status"]) == "failed"
    assert list(galaxies["galaxy_id"][failed]) == [odd]
    assert odd in (copied.folder / "failures.csv").read_text()
    # Once it can be made, nothing has failed.
    monkeypatch.undo()
    assert catalogue(copied.folder, Recipe()) == len(whole)
    assert len(copied.read("failures")) == 0
    assert set(copied.read("galaxies")["status"]) == {"ok"}


def test_a_dust_map_that_is_missing_is_no_galaxy_s_fault(copied: Run, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.folder.iterdir()}
    config = CatalogueConfig(dust_map=str(tmp_path))
    with pytest.raises(RecipeError, match="SFD_dust"):
        release(copied, copied.sample().hosts, config)
    assert {path.name: path.read_bytes() for path in copied.folder.iterdir()} == before
