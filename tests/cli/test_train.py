"""`train` on the command line: what is said before, meanwhile and at Ctrl-C."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.core.records import SPLIT, record_table
from clumpscope.detector.training import estimate
from clumpscope.errors import TableError, TrainingError
from clumpscope.jobs import encoders
from clumpscope.jobs import train as job
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from small_training import NARROW

RECIPE = f"""
{NARROW}
[train]
epochs = 4
batch_size = 8
validation_fraction = 0.25
"""


@pytest.fixture
def command(survey: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    recipe, out = str(tmp_path / "recipe.toml"), str(tmp_path / "m.safetensors")
    return ["train", recipe, "--sample", str(survey), "--out", out, "--workers", "1"]


def said(*arguments: str) -> tuple[int, list[str], str]:
    """Exit code, what stands in the lines of the output without rules, and the errors."""
    result = CliRunner().invoke(app, arguments)
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    return result.exit_code, [line for line in lines if line.strip("─ ")], result.stderr


def test_a_dry_run_says_what_would_be_trained(
    command: list[str], survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "train", None)
    code, lines, _ = said(*command, "--dry-run")
    table = Sample.open(survey).labels()
    label = np.asarray(table["label"])
    rows = [[int(word) for word in line.split()[1:]] for line in lines[1:3]]
    assert (code, [line.split()[0] for line in lines[1:3]]) == (0, ["training", "validation"])
    assert [row[0] for row in rows] == [30, 10]
    totals = np.sum(rows, axis=0)[1:].tolist()
    labelled = len(set(table["galaxy_id"]))
    assert totals == [40 - labelled, (label == 1).sum(), (label == 2).sum()]
    assert lines[3] == "4 epochs of 3 batches of 8: 12 steps"
    assert re.fullmatch(r"resnet10t, 1\.\d\d million parameters, 1\.\d\d million learned", lines[4])
    assert re.fullmatch(
        r"a step needs about 0\.\d\d GB of [\d.]+ GB free; batches up to [\d,]+ fit", lines[5]
    )
    assert re.fullmatch(r"about \d+ (s|min)", lines[6])
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.toml"]


def test_a_dry_run_says_which_batch_fits(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 25_000_000)
    with pytest.raises(TrainingError, match=r"for batch_size 8; batch_size [1-7] would fit") as few:
        CliRunner().invoke(app, [*command, "--dry-run"], catch_exceptions=False)
    assert few.value.exit_code == 1


def test_what_takes_no_part_is_counted(command: list[str], survey: Path, tmp_path: Path) -> None:
    names = Sample.open(survey).ids
    columns = {
        "galaxy_id": [*names[:20], "elsewhere"],
        "group": [2] * 21,
        "split": ["train"] * 12 + ["validation"] * 4 + ["test"] * 4 + ["train"],
    }
    write_parquet(record_table(SPLIT, columns), tmp_path / "groups.parquet")
    groups = ["--groups", str(tmp_path / "groups.parquet"), "--group"]
    code, lines, _ = said(*command, *groups, "2", "--dry-run")
    assert code == 0
    assert [line.split()[1] for line in lines[1:3]] == ["12", "4"]
    assert lines[3:6] == [
        "galaxies of the run-group that are not there: 1",
        "galaxies of the run-group's test, left out: 4",
        "galaxies outside the run-group, left out: 20",
    ]
    with pytest.raises(TableError, match="expected one of 2, got 3") as wrong:
        CliRunner().invoke(app, [*command, *groups, "3"], catch_exceptions=False)
    assert wrong.value.exit_code == 2
    with pytest.raises(TableError, match="--groups and --group, or neither") as half:
        CliRunner().invoke(app, [*command, "--group", "2"], catch_exceptions=False)
    assert half.value.exit_code == 2


def test_epochs_say_how_long_the_others_take(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(plan, out, workers, report, *, composed, step, **_):
        for epoch in range(1, 5):
            report(epoch, {"ap50": 0.1 * epoch, "loss": 0.5, "minutes": 2.0 * epoch})
            step(epoch, 1, 4)
        composed(40)
        return plan.spec("m")

    monkeypatch.setattr(job, "train", trained)
    code, lines, _ = said(*command)
    assert code == 0
    assert lines[4:] == [
        "epoch 1/4: ap50 0.100, loss 0.500, 6 min left",
        "epoch 2/4: ap50 0.200, loss 0.500, 4 min left",
        "epoch 3/4: ap50 0.300, loss 0.500, 2 min left",
        "epoch 4/4: ap50 0.400, loss 0.500",
        f"m in {command[5]}; losses and the last epoch's model in "
        f"{Path(command[5]).with_suffix('.training')}",
    ]


@pytest.mark.parametrize("epochs", [0, 2])
def test_ctrl_c_says_what_is_kept(
    command: list[str], epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(plan, out, workers, report, **_):
        for epoch in range(1, epochs + 1):
            report(epoch, {"minutes": 0.1 * epoch})
            out.write_bytes(b"best")
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "train", interrupted)
    code, _, message = said(*command)
    folder = Path(command[5]).with_suffix(".training")
    kept = f"the same command with --resume goes on in {folder}"
    if epochs:
        kept += f"; the best model so far is in {command[5]}"
    assert (code, message.strip()) == (130, f"interrupted: {kept}")


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("epochs", [0, 2])
def test_ctrl_c_in_a_classifier_says_what_to_do(
    command: list[str], epochs: int, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    def interrupted(plan, out, workers, report, **_):
        if epochs:
            out.write_bytes(b"best")
        raise KeyboardInterrupt

    for module in (job, encoders):
        monkeypatch.setattr(module, "train_classifier", interrupted)
    recipe = Path(command[1])
    setting = 'what = "classifier"' if alone else 'start = "classifier"'
    recipe.write_text(recipe.read_text() + setting)
    code, _, message = said(*command)
    best = f"the best encoder so far is in {command[5]}; " if epochs else ""
    todo = (
        f"{best}an encoder alone cannot go on: train it anew"
        if alone
        else "the same command with --resume goes on; a classifier not yet trained begins anew"
    )
    assert (code, message.strip()) == (130, f"interrupted: {todo}")
    if not alone:
        assert said(*command, "--resume")[0] == 130  # it is begun again
