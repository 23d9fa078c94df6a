"""Fixtures shared by the tests of the whole way."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated sample of 40 galaxies: two shards. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("survey") / "sample"
    simulate(folder, 40, Recipe(seed=11), 1)
    return folder


@pytest.fixture(scope="session")
def finished(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the shipped model on `survey`. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    run(survey, folder, Recipe())
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache that is removed afterwards."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLUMPSCOPE_CACHE", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
