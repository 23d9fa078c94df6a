"""Fixtures shared by the tests of the whole way."""

from pathlib import Path

import pytest

from clumpscope.jobs.simulate import simulate
from clumpscope.config.recipe import Recipe
from clumpscope.jobs.pipeline import run


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
