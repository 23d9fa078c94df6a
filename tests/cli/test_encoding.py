"""Terminals that do not know every letter, and places that are not UTF-8."""

import io
import os
import shutil
import sys
from pathlib import Path

import pytest

from clumpscope import cli
from clumpscope.cli.encoding import speak_to_any_terminal
from pages import COMMANDS


def call(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: object) -> tuple[int, str]:
    """Exit code and output of the whole command line, on a terminal of an encoding."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    monkeypatch.setattr(sys, "argv", ["clumpscope", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = b""
    for stream in streams:
        stream.flush()
        said += stream.buffer.getvalue()  # type: ignore[attr-defined]
    return int(ended.value.code or 0), said.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help_in_ascii(
    monkeypatch: pytest.MonkeyPatch, encoding: str, command: str
) -> None:
    code, said = call(monkeypatch, encoding, *command.split(), "--help")
    assert code == 0
    assert "Usage" in said


def test_tables_marks_and_arrows_are_spelt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, said = call(monkeypatch, "ascii", "recipe", "show")
    assert (code, "number > 0" in said, ">= 1" in said) == (0, True, True)
    monkeypatch.delenv("SFD_DIR", raising=False)
    code, said = call(monkeypatch, "ascii", "doctor")
    assert (code, "  -> clumpscope doctor --fetch dust" in said) == (0, True)
    assert call(monkeypatch, "ascii", "models", "list")[0] == 0
    bad = tmp_path / "réglages.toml"
    bad.write_text("[refine]\nnms_iou = 'σ → ✓'\n", encoding="utf-8")
    code, said = call(monkeypatch, "ascii", "recipe", "check", bad)
    assert code == 2
    assert "r\\xe9glages.toml" in said
    assert "sigma -> \\u2713" in said


def test_a_place_that_is_not_utf8_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9")
    for encoding in ("utf-8", "ascii"):
        code, said = call(monkeypatch, encoding, "run", place, "--out", tmp_path / "out")
        assert code == 2
        assert "caf\\udce9: no such folder" in said


@pytest.mark.parametrize("name", [os.fsdecode(b"caf\xe9"), "-a\n100% {x} [bold]' é→"])
def test_places_of_any_name(
    monkeypatch: pytest.MonkeyPatch, survey: Path, tmp_path: Path, name: str
) -> None:
    sample, run = tmp_path / name, tmp_path / f"{name}-run"
    (sample / "images").mkdir(parents=True)
    shutil.copy(survey / "images" / "sim000001.fits", sample / "images")
    (sample / "images" / "broken.fits").write_text("no image")
    shutil.copy(survey / "truth.parquet", sample)
    recipe, png = tmp_path / f"{name}.toml", tmp_path / f"{name}.png"
    recipe.write_text("seed = 3\n")
    out = tmp_path / f"{name}.parquet"
    for line in (
        ["run", sample, "--out", run, "--recipe", recipe, "--workers", 1],
        ["refine", run],
        ["catalogue", run],
        ["evaluate", run, "--truth", sample / "truth.parquet", "--no-baseline"],
        ["show", run, "sim000001", "--out", png],
        ["sheet", run],
        ["labels", "export", survey / "labels.parquet", "--format", "csv", "--out", f"{out}.csv"],
    ):
        code, said = call(monkeypatch, "ascii", *line)
        assert code == 0, said
    assert png.is_file()
    assert (run / "catalogue.fits").is_file()
    assert "broken.fits" in (run / "failures.csv").read_text()


def test_what_is_no_stream_of_text_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    speak_to_any_terminal()
