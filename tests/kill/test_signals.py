"""A command that is asked to end, or killed, says how to go on and leaves no process."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clumpscope.cli import common
from clumpscope.config.recipe import Recipe
from clumpscope.config.show import show
from clumpscope.engine.local import silent
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.volunteers import volunteers
from foreign import Scene, one_file_a_band
from small_training import changed

MARK = "CLUMPSCOPE_TEST"
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")


def _ordinary() -> None:
    """Be as in a terminal, also if these tests run in the background."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Command:
    """A command of ours with all processes that it starts."""

    arguments: list[str]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clumpscope", *self.arguments],
            env={**os.environ, MARK: self.mark, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_ordinary,  # noqa: PLW1509  (no other thread is here)
        )

    def alive(self) -> list[int]:
        """Its processes, also those whose parent is gone."""
        found = []
        for place in Path("/proc").iterdir():
            try:
                if place.name.isdigit() and self.mark in (place / "environ").read_text():
                    found.append(int(place.name))
            except OSError:  # ended just now, or another user's
                continue
        return found

    def wait_for(self, what: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is so, with the command still at work."""
        for _ in range(int(seconds / 0.05)):
            if what():
                return
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        pytest.fail("it never came to that")

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; exit code and message. No process may be there five seconds later."""
        self.process.send_signal(number)
        _, message = self.process.communicate(timeout=60)
        for _ in range(50):
            if not self.alive():
                break
            time.sleep(0.1)
        assert not self.alive()
        return self.process.returncode, message


@pytest.fixture
def start() -> Iterator[Callable[..., Command]]:
    """Starts commands, and ends what is left of them."""
    started: list[Command] = []

    def begin(*arguments: object) -> Command:
        started.append(Command([str(argument) for argument in arguments]))
        return started[-1]

    yield begin
    for command in started:
        for process in command.alive():
            os.kill(process, signal.SIGKILL)
        with command.process:  # closes its pipes
            pass


def test_workers_end_with_a_parent_that_is_killed(
    tmp_path: Path, start: Callable[..., Command]
) -> None:
    out = tmp_path / "sample"
    command = start("simulate", out, "--galaxies", 5000, "--workers", 2)
    command.wait_for((out / ".unfinished" / "000000").is_dir)
    assert len(command.alive()) >= 3
    assert command.end(signal.SIGKILL)[0] == -signal.SIGKILL


HOW = [(signal.SIGINT, 130), (signal.SIGTERM, 1), (signal.SIGHUP, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), HOW)
@pytest.mark.parametrize("workers", [("--workers", 1), ("--workers", 2), ("--dask", "local:2")])
def test_a_run_that_is_interrupted_goes_on(
    number: int,
    code: int,
    workers: tuple[str, object],
    survey: Path,
    finished: Path,
    tmp_path: Path,
    start: Callable[..., Command],
) -> None:
    out = tmp_path / "run"
    arguments = ["run", survey, "--out", out, *workers]
    command = start(*arguments)
    command.wait_for((out / ".unfinished" / "key.json").exists)
    assert command.end(number) == (
        code,
        f"interrupted: the same command with --resume goes on in {out}\n",
    )
    assert not (out / ".lock").exists()
    again = start(*arguments, "--resume")
    assert again.process.wait(300) == 0
    assert (out / "catalogue.parquet").read_bytes() == (finished / "catalogue.parquet").read_bytes()
    assert not list(out.glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_of_a_run_end_with_their_parent(
    number: int, survey: Path, tmp_path: Path, start: Callable[..., Command]
) -> None:
    out = tmp_path / "run"
    command = start("run", survey, "--out", out, "--workers", 2)
    command.wait_for(lambda: len(command.alive()) >= 3)
    time.sleep(3)  # they load torch
    command.end(number)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), HOW)
def test_a_training_keeps_its_best_model_and_goes_on(
    number: int, code: int, tmp_path: Path, start: Callable[..., Command]
) -> None:
    simulate(tmp_path / "sample", 12, Recipe(seed=1), 1)
    (tmp_path / "recipe.toml").write_text(show(changed(epochs=500)))
    out = tmp_path / "model.safetensors"
    command = start(
        "train", tmp_path / "recipe.toml", "--sample", tmp_path / "sample", "--out", out
    )
    command.wait_for(out.exists)
    found, message = command.end(number)
    folder = tmp_path / "model.training"
    assert (found, message) == (
        code,
        f"interrupted: the same command with --resume goes on in {folder}; the best model so far "
        f"is in {out}\n",
    )
    assert start("models", "show", out).process.wait(60) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), HOW)
def test_a_consensus_goes_on(
    number: int, code: int, survey: Path, tmp_path: Path, start: Callable[..., Command]
) -> None:
    sample = tmp_path / "sample"
    shutil.copytree(survey, sample)
    volunteers(sample, 30, Recipe(), 1, silent)
    arguments = ["consensus", sample / "classifications.csv.gz", "--out", tmp_path / "out"]
    (tmp_path / "recipe.toml").write_text('[consensus]\ntools = {0 = "normal", 1 = "odd"}\n')
    arguments += ["--recipe", tmp_path / "recipe.toml"]
    command = start(*arguments)
    command.wait_for((tmp_path / "out" / ".unfinished" / "key.json").exists)
    found, message = command.end(number)
    assert found == code
    assert message == (
        f"interrupted: the same command with --resume goes on in {tmp_path / 'out'}\n"
    )
    assert start(*arguments, "--resume").process.wait(300) == 0


@pytest.mark.parametrize(("number", "code"), HOW)
def test_an_ingest_goes_on(
    number: int, code: int, tmp_path: Path, start: Callable[..., Command]
) -> None:
    files, out = tmp_path / "files", tmp_path / "sample"
    for k in range(60):
        one_file_a_band(files / f"g{k:02d}", Scene())
        for path in (files / f"g{k:02d}").iterdir():
            path.rename(files / f"g{k:02d}{path.name[-7:]}")
    recipe = Recipe()
    ingest(plan([files], recipe), tmp_path / "whole", recipe)
    command = start("ingest", files, out)
    command.wait_for((out / "images" / "g03.fits").exists)
    found, message = command.end(number)
    assert found == code
    assert f"interrupted: the same command with --resume goes on in {out}\n" in message
    assert not (out / "hosts.parquet").exists()
    assert start("ingest", files, out, "--resume").process.wait(120) == 0
    for name in ("hosts.parquet", "stars.parquet", "understood.csv", "images/g03.fits"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(out.glob(".*"))


def test_what_cannot_go_on_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds for every command, also for those without --resume."""
    from typer.testing import CliRunner

    from clumpscope.cli import app
    from clumpscope.jobs import doctor

    def stopped() -> None:
        raise common.Stopped

    monkeypatch.setattr(doctor, "doctor", stopped)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert result.stderr == "interrupted: begin again; first take away what it had written\n"
