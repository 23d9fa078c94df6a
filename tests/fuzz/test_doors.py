"""Whatever comes in at a door: no traceback, no hang, no write outside, a message with sense."""

import csv
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import silent
from clumpscope.jobs.volunteers import volunteers
from doors import DOORS
from good_files import good_files
from law import holds

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
Fuzz = Callable[[st.SearchStrategy, Callable[[object], None]], None]


@pytest.fixture(scope="module")
def good(oblong: Path, oblong_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good file for each door."""
    folder = tmp_path_factory.mktemp("good")
    marked = Path(shutil.copytree(oblong, folder.with_name("marked") / "sample"))
    volunteers(marked, 3, Recipe(), 1, silent)
    with gzip.open(marked / "classifications.csv.gz", "rt") as packed:
        rows = list(csv.reader(packed))
    with folder.with_name("marked").joinpath("export.csv").open("w", newline="") as plain:
        csv.writer(plain).writerows(rows)
    good_files(folder, oblong, oblong_run, folder.with_name("marked") / "export.csv")
    return folder


@pytest.fixture
def inside(good: Path, tmp_path: Path) -> Path:
    """The good files, to be changed one at a time."""
    return Path(shutil.copytree(good, tmp_path / "inside"))


def check(door: str, inside: Path, good: Path, fuzz: Fuzz) -> None:
    """Let ever other bad files in at a door."""
    way = DOORS[door]
    content = (good / way.file).read_bytes()

    def law(bad: object) -> None:
        assert isinstance(bad, bytes)
        (inside / way.file).parent.mkdir(parents=True, exist_ok=True)
        (inside / way.file).write_bytes(bad)
        shutil.rmtree(inside / "out", ignore_errors=True)
        holds(lambda: way.use(inside), inside)
        if way.file.startswith(("run/", "begun/")):  # what has been made anew there
            top = way.file.partition("/")[0]
            shutil.rmtree(inside / top)
            shutil.copytree(good / top, inside / top)

    fuzz(way.change(content), law)


@pytest.mark.parametrize("door", DOORS)
def test_good_files_are_taken(door: str, inside: Path, good: Path) -> None:
    way = DOORS[door]
    failed = holds(lambda: way.use(inside), inside)
    # The folder that was begun is of another command, and nowhere is a host of the list.
    expected = {"manifest of a begun folder": "finished folder", "key": "finished folder"}
    assert (failed is None) == (door not in expected), failed
    assert expected.get(door, "") in str(failed)


@pytest.mark.parametrize("door", DOORS)
def test_a_while(door: str, inside: Path, good: Path, fuzz: Fuzz) -> None:
    check(door, inside, good, fuzz)


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_for_long(door: str, inside: Path, good: Path, fuzz: Fuzz) -> None:
    check(door, inside, good, fuzz)
