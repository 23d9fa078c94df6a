"""The command line as a user meets it: help, exit codes, messages."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clumpscope.cli import app, main
from pages import COMMANDS

GROUPS = {command.split()[0] for command in COMMANDS if " " in command}

Here = Callable[..., tuple[object, str, str]]

# typer looks for the shell among the parents of the process, where a test need not have one.
NO_SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def clumpscope(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "clumpscope", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """The same in this process, which has loaded everything: exit code, output and errors."""
    monkeypatch.setattr("signal.signal", lambda *_: None)  # these stay those of the tests

    def call(*arguments: object, **environment: str) -> tuple[object, str, str]:
        for name, value in {"COLUMNS": "200", **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["clumpscope", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capfd.readouterr()

    return call


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["", *sorted(GROUPS), *COMMANDS])
def test_every_command_has_help(command: str, flag: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), flag])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_says_what_an_argument_is() -> None:
    """Which typer leaves out where it does not fit the click that is there."""
    assert "a bare folder of images" in CliRunner().invoke(app, ["measure", "--help"]).output


def test_the_version_is_told() -> None:
    result = clumpscope("--version")
    assert (result.returncode, result.stdout) == (0, f"clumpscope {version('clumpscope')}\n")


def test_a_shell_completes_commands_and_options() -> None:
    script = clumpscope("--show-completion", "bash", **NO_SHELL).stdout
    assert "complete -o default -F _clumpscope_completion clumpscope" in script
    for typed, position, answer in (("ru", 1, "run"), ("labels import --for", 3, "--format")):
        asked = {"COMP_WORDS": f"clumpscope {typed}", "COMP_CWORD": str(position)}
        result = clumpscope(_CLUMPSCOPE_COMPLETE="complete_bash", **asked)
        assert result.stdout.split() == [answer], result.stderr


def test_completion_is_installed_at_home(tmp_path: Path) -> None:
    result = clumpscope("--install-completion", "bash", HOME=str(tmp_path), **NO_SHELL)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / ".bash_completions" / "clumpscope.sh").is_file()
    assert "clumpscope.sh" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nonsense"], 2, "No such command"),
        (["run"], 2, "Missing argument"),
        (["run", "{tmp}/missing", "--out", "{tmp}/out"], 2, "no such folder"),
        (["run", "{tmp}/empty", "--out", "{tmp}/out"], 2, "expected images"),
        (["run", "{survey}", "--out", "{survey}"], 2, "expected a new or empty folder"),
        (["run", "{survey}", "--out", "{tmp}/out", "--model", "nobody"], 2, "model"),
        (
            ["run", "{survey}", "--out", "{tmp}/out", "--model", "zoobot-backbone"],
            2,
            "models fetch",
        ),
        (["run", "{survey}", "--out", "{tmp}/o", "--recipe", "{tmp}/bad.toml"], 2, "nms_iuo"),
        (["evaluate", "{tmp}/empty", "--truth", "{survey}/truth.parquet"], 2, "manifest.json"),
        (["fetch", "sdss", "{tmp}/none.csv", "{tmp}/o", "--frames", "{tmp}"], 2, "no such file"),
        (["fetch", "sdss", "{tmp}/targets.csv", "{tmp}/o", "--frames", "{tmp}"], 2, "frames"),
        (
            ["train", "{tmp}/good.toml", "--sample", "{tmp}/empty", "--out", "m.pth"],
            2,
            ".safetensors",
        ),
        (["models", "import", "{tmp}/bad.toml", "--as", "x"], 2, "bad.toml"),
        (["simulate", "{tmp}/o"], 2, "--galaxies, --hosts, --twins-of or --volunteers"),
        (["simulate", "{tmp}/o", "--galaxies", "2", "--twins-of", "{tmp}"], 2, "it alone"),
        (["consensus", "{tmp}/targets.csv", "--out", "{tmp}/o"], 2, "none named user_name"),
        (["consensus", "{tmp}/none.csv", "--out", "{tmp}/o"], 2, "none.csv"),
        (["labels", "select", "{tmp}/none", "--out", "{tmp}/o"], 2, "no such file"),
        (["labels", "import", "{tmp}/empty", "--out", "{tmp}/o", "--format", "yolo"], 2, ".txt"),
        (
            ["labels", "export", "{survey}", "--out", "{tmp}/o", "--format", "zooniverse"],
            2,
            "--sample",
        ),
    ],
)
def test_wrong_use_says_what_is_wrong(
    arguments: list[str], code: int, message: str, survey: Path, tmp_path: Path, here: Here
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.toml").write_text("[refine]\nnms_iuo = 0.2\n")
    (tmp_path / "good.toml").write_text("")
    (tmp_path / "targets.csv").write_text("ra,dec\n10,10\n")
    filled = [argument.format(tmp=tmp_path, survey=survey) for argument in arguments]
    ended, _, told = here(*filled, CLUMPSCOPE_CACHE=str(tmp_path / "cache"))
    assert ended == code, told
    assert message in told


def test_wrong_use_ends_the_process_with_its_code_and_no_traceback(tmp_path: Path) -> None:
    result = clumpscope("run", tmp_path / "missing", "--out", tmp_path / "out")
    assert (result.returncode, "Traceback" in result.stderr) == (2, False), result.stderr
    assert "no such folder" in result.stderr


def test_doctor_and_models_answer(here: Here) -> None:
    doctor = clumpscope("doctor")
    assert doctor.returncode == 0, doctor.stdout
    _, listed, _ = here("models", "list")
    assert "clumpscope-native" in listed
    assert "zoobot-backbone-finetuned" in listed
    assert here("models", "verify")[0] == 0
    _, shown, aside = here("models", "show")
    assert json.loads(shown)["name"] == "clumpscope-native"  # as `| jq` reads it
    assert "clumpscope-native.safetensors" in aside
