"""A galaxy that ended the worker which had it is not touched again by what comes after a run."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.table import vstack

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import FAILURES, WORKER, record_table
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.refine import refine
from clumpscope.jobs.run import _draw
from clumpscope.jobs.shards import DEADLY
from clumpscope.jobs.sheet import sheet
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

NAME = "sim000002"


@pytest.fixture
def run(oblong_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run in which a galaxy ended its worker, and would end this process."""
    store = Run(Path(shutil.copytree(oblong_run, tmp_path / "run")))
    row = {"galaxy_id": [NAME], "stage": [WORKER], "error": [DEADLY]}
    store.write("failures", vstack([store.read("failures"), record_table(FAILURES, row)]))
    galaxies = store.read("galaxies")
    galaxies["status"] = np.where(np.asarray(galaxies["galaxy_id"]) == NAME, "failed", "ok")
    store.write("galaxies", galaxies)
    read = Sample.read

    def deadly(self: Sample, index: int, *rest: object) -> object:
        if self.ids[index] == NAME:
            raise SystemExit("the process has ended")
        return read(self, index, *rest)

    monkeypatch.setattr(Sample, "read", deadly)
    return store


def test_it_is_known(run: Run) -> None:
    assert run.deadly() == {NAME}


def test_refine_leaves_it_and_its_failure(run: Run) -> None:
    told: list[int] = []
    assert refine(run.folder, Recipe(seed=7), told.append) > 0
    assert sum(told) == 8
    assert run.failure(NAME) == f"{WORKER}: {DEADLY}"
    assert NAME not in run.read("positions")["galaxy_id"]


def test_pictures_leave_it_out(run: Run, tmp_path: Path) -> None:
    assert sheet(run.folder) is not None
    assert _draw(tmp_path / "sheet.png", run.sample(), run, Recipe()) == ""
    assert (tmp_path / "sheet.png").is_file()


def test_the_baseline_leaves_it_out(oblong: Path, run: Run) -> None:
    told: list[int] = []
    evaluate([run.folder], oblong / "truth.parquet", Recipe(), progress=told.append)
    assert sum(told) == 2 * 8
