"""The catalogue of a run, of all galaxies with which it can be made."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable, vstack

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig
from clumpscope.core.schema import plain
from clumpscope.errors import RecipeError
from clumpscope.jobs import release as module
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.release import calibrations_of, release
from clumpscope.store import formats, in_order, parts
from clumpscope.store.formats import WRITERS, write_formats
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet


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


@pytest.fixture
def crowded(copied: Run) -> Run:
    """Its galaxies in another order, each clump again on the cutout of a later one."""
    table = copied.read("photometry")
    again = table.copy()
    ids = plain(table, "galaxy_id").astype(str)
    names = np.unique(ids)
    again["galaxy_id"] = names[(np.searchsorted(names, ids) + 3) % len(names)]
    again["clump_id"] = plain(table, "clump_id") + 100
    both = vstack([table, again], metadata_conflicts="silent")
    both = QTable(both[np.random.default_rng(2).permutation(len(both))])
    write_parquet(both, copied.folder / "photometry.parquet")
    return copied


def written(run: Run, hosts: QTable, **settings) -> dict[str, bytes]:
    release(run, hosts, CatalogueConfig(), **settings)
    return {path.name: path.read_bytes() for path in run.folder.glob("catalogue.*")}


@pytest.mark.parametrize("block", [1, 7])
def test_block_by_block_it_is_what_it_is_at_once(crowded: Run, monkeypatch, block: int) -> None:
    """Order, duplicates, chances: all that needs the whole table, in every format."""
    hosts, photometry = crowded.sample().hosts, crowded.read("photometry")
    calibrations = calibrations_of(crowded.folder)
    made, failed = module.catalogue_of(photometry, hosts, CatalogueConfig(), calibrations)
    assert not failed
    assert (made["duplicate_of"] != "").sum() > 15
    assert np.isfinite(made["p_real"]).sum() > 15
    (crowded.folder / "whole").mkdir()
    write_parquet(made, crowded.folder / "whole" / "catalogue.parquet")
    write_formats(made, crowded.folder / "whole", "catalogue", WRITERS)
    monkeypatch.setattr(in_order, "BLOCK", block)
    monkeypatch.setattr(parts, "PART", 5)
    found = written(crowded, hosts, calibrations=calibrations)
    assert len(found) == 5
    for name, content in found.items():
        assert content == (crowded.folder / "whole" / name).read_bytes(), name


def test_of_a_galaxy_that_fails_no_clump_is_another_s(crowded: Run, odd: str, monkeypatch) -> None:
    hosts, photometry = crowded.sample().hosts, crowded.read("photometry")
    made, failed = module.catalogue_of(photometry, hosts, CatalogueConfig())
    assert set(failed) == {odd}
    monkeypatch.setattr(in_order, "BLOCK", 7)
    release(crowded, hosts, CatalogueConfig(formats=()))
    found = crowded.read("catalogue")
    assert found["duplicate_of"].tolist() == made["duplicate_of"].tolist()
    assert not [one for one in found["duplicate_of"] if one.startswith(odd)]


def test_a_galaxy_off_the_sky_fails_and_no_other(crowded: Run) -> None:
    """Duplicates are looked for without it, too."""
    table = crowded.read("photometry")
    ids = plain(table, "galaxy_id").astype(str)
    table["clump_centre_dec"][np.flatnonzero(ids == "sim000002")[0]] = 91 * u.deg
    write_parquet(table, crowded.folder / "photometry.parquet")
    hosts = crowded.sample().hosts
    made, failed = module.catalogue_of(table, hosts, CatalogueConfig())
    release(crowded, hosts, CatalogueConfig(formats=()))
    found = crowded.read("catalogue")
    assert crowded.failure("sim000002") == f"catalogue: {failed['sim000002']}"
    assert found["duplicate_of"].tolist() == made["duplicate_of"].tolist()
    assert (found["duplicate_of"] != "").sum() > 10


def test_text_of_very_many_rows_is_not_written(copied: Run, monkeypatch) -> None:
    """Nor is that of before left, which would be taken for it."""
    monkeypatch.setattr(formats, "MOST_ROWS", 3)
    found = written(copied, copied.sample().hosts)
    assert set(found) == {"catalogue.parquet", "catalogue.fits"}
    assert copied.left_out() == ["catalogue.vot", "catalogue.ecsv", "catalogue.reg"]


def test_what_ends_in_the_middle_leaves_the_catalogue_of_before(copied: Run, monkeypatch) -> None:
    monkeypatch.setattr(in_order, "BLOCK", 3)
    before = {path.name: path.read_bytes() for path in copied.folder.iterdir()}
    real, calls = module.catalogue, []

    def stopped(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(module, "catalogue", stopped)
    with pytest.raises(KeyboardInterrupt):
        release(copied, copied.sample().hosts, CatalogueConfig())
    assert {path.name: path.read_bytes() for path in copied.folder.iterdir()} == before
