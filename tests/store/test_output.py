"""A folder that is filled: begun once, gone on with only as it began, finished, one at a time."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import clumpscope
from clumpscope.errors import FolderError, StoreError
from clumpscope.store.manifest import RunManifest
from clumpscope.store.output import Output, output

KEY = {"recipe": "r", "model": "m", "sample": "s"}
MANIFEST = RunManifest(command="test", recipe={})


def begin(folder: Path, key: dict[str, str] = KEY, *, resume: bool = False) -> Output:
    """Begin, and be interrupted."""
    with output(folder, key, resume=resume) as place:
        return place


def finish(folder: Path) -> None:
    with output(folder, KEY, resume=False) as place:
        place.finish(MANIFEST)


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "out"
    yield folder
    assert not list(folder.glob("**/.lock"))


def test_a_folder_is_begun_new_or_empty(out: Path) -> None:
    for resume in (False, True):
        place = begin(out / str(resume), resume=resume)
        assert not place.finished
        assert not place.died
        known = json.loads((place.work / "key.json").read_text())
        assert known == {**KEY, "version of clumpscope": clumpscope.__version__}
    (out / "empty").mkdir()
    assert begin(out / "empty", resume=True).work.is_dir()


def test_an_interrupted_command_is_gone_on_with_when_asked(out: Path) -> None:
    begin(out)
    (out / ".unfinished" / "000000").mkdir()
    with pytest.raises(FolderError, match="new or empty folder, got files; --resume goes on"):
        begin(out)
    place = begin(out, resume=True)
    assert not place.finished
    assert (place.work / "000000").is_dir()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "x"}, "another model"),
        ({"recipe": "x", "sample": "y"}, "another recipe and sample"),
        ({"more": "z"}, "another more"),
    ],
)
def test_what_differs_from_the_beginning_is_named(
    out: Path, changes: dict[str, str], told: str
) -> None:
    begin(out)
    with pytest.raises(FolderError, match=f"what it began with, got {told}$"):
        begin(out, {**KEY, **changes}, resume=True)


def test_another_version_of_clumpscope_might_compute_otherwise(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(out)
    monkeypatch.setattr(clumpscope, "__version__", "99")
    with pytest.raises(FolderError, match="another version of clumpscope"):
        begin(out, resume=True)


def test_what_others_put_there_is_not_touched(out: Path) -> None:
    out.mkdir()
    (out / "photo.jpg").touch()
    for resume in (True, False):
        with pytest.raises(FolderError, match="a new or empty folder, got files$"):
            begin(out, resume=resume)
    assert [path.name for path in out.iterdir()] == ["photo.jpg"]


def test_a_finished_folder_holds_only_what_was_made(out: Path) -> None:
    finish(out)
    assert [path.name for path in out.iterdir()] == ["manifest.json"]
    again = begin(out, resume=True)
    assert again.finished
    with pytest.raises(FolderError, match="new or empty"):
        begin(out)
    with pytest.raises(FolderError, match="finished folder .* got one of another recipe"):
        begin(out, {**KEY, "recipe": "x"}, resume=True)


def test_killed_before_the_key_had_its_name(out: Path) -> None:
    (out / ".unfinished").mkdir(parents=True)
    (out / ".unfinished" / ".part-abc.json").write_text("{")
    (out / ".lock").write_text("process 1")
    place = begin(out, resume=True)
    assert place.died
    assert [path.name for path in place.work.iterdir()] == ["key.json"]


def test_killed_while_what_was_kept_is_taken_away(out: Path) -> None:
    finish(out)
    (out / ".unfinished" / "000001").mkdir(parents=True)
    (out / ".lock").write_text("process 1")
    place = begin(out, resume=True)
    assert (place.finished, place.died) == (True, True)
    assert [path.name for path in out.iterdir()] == ["manifest.json"]


def test_what_killed_commands_left_unfinished_is_taken_away(out: Path) -> None:
    begin(out)
    (out / "images").mkdir()
    for name in (".part-1.parquet", "images/.part-2.fits", ".unfinished/.part-3/t.parquet"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).touch()
    begin(out, resume=True)
    assert not list(out.rglob(".part-*"))


def test_a_key_that_cannot_be_read_is_said(out: Path) -> None:
    for text in ('{"recipe": "r', "[1]", "[" * 100_000, ""):
        place = begin(out, resume=(out / ".unfinished").is_dir())
        whole = (place.work / "key.json").read_text()
        (place.work / "key.json").write_text(text)
        with pytest.raises(FolderError, match=r"key\.json: expected a JSON object.*begin again"):
            begin(out, resume=True)
        (place.work / "key.json").write_text(whole)


def test_one_at_a_time(out: Path) -> None:
    with output(out, KEY, resume=False):
        for resume in (False, True):
            with pytest.raises(FolderError, match=r"no other command at work.*got process \d+ on"):
                begin(out, resume=resume)
    assert not begin(out, resume=True).died


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="out: expected a place in a folder, got one under a file"):
        begin(tmp_path / "file" / "out")
    with pytest.raises(StoreError, match="cannot write"):
        begin(tmp_path / ("x" * 300))
