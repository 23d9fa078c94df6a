"""One of three ways to judge runs, and nothing that contradicts itself."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from clumpscope.cli import app


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "got none"),
        (["run", "--truth", "t", "--by-eye", "5"], "--truth and --by-eye"),
        (["--truth", "t"], "one or more runs, got none"),
        (["run", "--by-eye", "5"], "a folder --out"),
        (["run", "--answers", "a.csv", "--out", "o"], "no runs"),
        (["run", "--truth", "t", "--baseline", "sep", "--no-baseline"], "got both"),
    ],
)
def test_contradictions_are_bad_usage(arguments, expected) -> None:
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 2
    assert expected in " ".join(result.output.replace("│", " ").split())


def test_places_are_drawn_judged_and_told(oblong_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    out = tmp_path / "eye"
    drawn = CliRunner().invoke(app, ["evaluate", str(run), "--by-eye", "10", "--out", str(out)])
    assert drawn.exit_code == 0, drawn.output
    assert "for readers" in drawn.output
    template = (out / "readers" / "answers.csv").read_text().splitlines()
    rng, kinds = np.random.default_rng(3), ("clump", "nothing")
    for reader in ("anna", "ben"):
        rows = [line.split(",") for line in template[1:]]
        place = template[0].split(",").index("kind")
        for row in rows:
            row[place] = kinds[rng.integers(2)]
        (tmp_path / f"{reader}.csv").write_text("\n".join([template[0], *map(",".join, rows)]))
    answers = [f"--answers={tmp_path / f'{reader}.csv'}" for reader in ("anna", "ben")]
    judged = CliRunner().invoke(app, ["evaluate", *answers, "--out", str(out)])
    assert judged.exit_code == 0, judged.output
    assert "purity" in judged.output
    assert "anna and ben: kappa" in judged.output
