"""Killed at any step, a command goes on to the same files, and leaves no others."""

import os
import random
import shutil
from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import silent
from clumpscope.jobs.volunteers import volunteers
from foreign import Scene, one_file_a_band
from kills import COMMANDS, files, gone_on_with, killed, steps
from toy_survey import GALAXY

KILLS = int(os.environ.get("CLUMPSCOPE_KILLS", "20"))  # a command, among the slow tests


@pytest.fixture(scope="module")
def needs(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands need: a sample, volunteers' marks, own files, a list of targets."""
    folder = tmp_path_factory.mktemp("needs")
    shutil.copytree(oblong, folder / "sample")
    volunteers(folder / "sample", 12, Recipe(), 1, silent)
    rows = [f"g{k},{ra + k / 3600},{dec}" for k in range(2) for ra, dec in GALAXY.values()]
    for name in ("one", "two", "three"):
        one_file_a_band(folder / "files" / name, Scene())
        for path in (folder / "files" / name).iterdir():
            path.rename(path.with_name(f"{name}_{path.name}"))
    (folder / "files" / "bad_g.fits").write_text("no FITS")
    names = [f"{k}{row}" for k, row in enumerate(rows)]
    (folder / "list.csv").write_text("\n".join(["galaxy_id,ra,dec", *names, "off,0,0"]))
    return folder


def check(name: str, needs: Path, folder: Path, places: list[float]) -> None:
    """Kill a command at some places, 0 to 1 of its steps, and see what it makes when resumed."""
    count = steps(name, needs, folder / "whole")
    whole = files(folder / "whole")
    assert whole
    for k, place in enumerate(places):
        out = folder / f"out{k}"
        at = 1 + round(place * (count - 1))
        killed(name, needs, out, at)
        assert gone_on_with(name, needs, out) == 0, f"killed at step {at} of {count}"
        assert files(out) == whole, f"killed at step {at} of {count}"
        assert not list(out.rglob(".*"))
        shutil.rmtree(out)


@pytest.mark.parametrize(
    ("name", "place"), [("fetch", 0.4), ("ingest", 0.6), ("consensus", 0.7), ("run", 0.9)]
)
def test_killed_once(name: str, place: float, needs: Path, tmp_path: Path) -> None:
    check(name, needs, tmp_path, [place])


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_anywhere(name: str, needs: Path, tmp_path: Path) -> None:
    draw = random.Random(name)  # noqa: S311  (places to be killed at)
    check(name, needs, tmp_path, [0.0, 1.0, *(draw.random() for _ in range(KILLS - 2))])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simulate", "run"])
def test_killed_twice(name: str, needs: Path, tmp_path: Path) -> None:
    count = steps(name, needs, tmp_path / "whole")
    for at in (count // 4, count // 2):
        out = tmp_path / f"out{at}"
        killed(name, needs, out, at)
        killed(name, needs, out, count // 5, resume=True)
        assert gone_on_with(name, needs, out) == 0
        assert files(out) == files(tmp_path / "whole")
