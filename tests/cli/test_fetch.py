"""`clumpscope fetch` on a terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from clumpscope.cli.common import app
from clumpscope.stages.fetch.registry import SURVEYS
from toy_survey import register


def test_what_was_made_of_the_list_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    (tmp_path / "list.csv").write_text("Name,RA,DEC,type\nNGC 1,150.1,2,S\nM31,10.0,41,S\n")
    arguments = ["fetch", "toy", tmp_path / "list.csv", tmp_path / "out", "--frames", tmp_path]
    result = CliRunner().invoke(app, [*map(str, arguments), "--size", "6"])
    assert result.exit_code == 0
    assert result.stdout == f"1 galaxies in {tmp_path / 'out'}\n"
    told = result.stderr.replace(f"{tmp_path / 'list.csv'}: ", "").splitlines()
    assert told == [
        "taken: galaxy_id from Name",
        "ids made safe as file names: 'NGC 1' is NGC_1",
        "columns not used: type",
        "failed: M31: fetch: off the toy",
    ]


def test_the_help_names_every_survey() -> None:
    result = CliRunner().invoke(app, ["fetch", "--help"], env={"COLUMNS": "200"})
    (line,) = (line for line in result.stdout.splitlines() if " survey " in line)
    assert all(f"{name}: {what}" in line for name, what in SURVEYS.items())
