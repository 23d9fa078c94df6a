"""Fixtures shared by the tests of the whole way."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import oblong as cutting
from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import ClumpsConfig, HostsConfig, ObserveConfig, SimulateConfig
from clumpscope.jobs import shards
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate

# The same examples each time, so that a run of the tests says what changed: others are drawn by
# `make test-slow`, which asks for hypothesis's own profile.
settings.register_profile("steady", derandomize=True, database=None)
settings.load_profile("steady")


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


@pytest.fixture(scope="session")
def oblong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight small galaxies with many clumps, no image square. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("oblong")
    bright = SimulateConfig(
        hosts=HostsConfig(r90_arcsec=(5, 8), r_mag=(14.8, 16)),
        observe=ObserveConfig(field_r90=5),
        clumps=ClumpsConfig(clumpless_share=0, mean=8, slope=0),
    )
    simulate(folder / "square", 8, Recipe(seed=2, simulate=bright), 1)
    cutting.cut_sample(folder / "square", folder / "sample")
    return folder / "sample"


@pytest.fixture(scope="session")
def oblong_run(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on `oblong` in shards of 3, 3 and 2. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("oblong_run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD", 3)
        run(oblong, folder, Recipe(seed=7))
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache that is removed afterwards."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLUMPSCOPE_CACHE", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
