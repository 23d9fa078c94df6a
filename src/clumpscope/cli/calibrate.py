"""The command that says what a model's probabilities are worth."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clumpscope.cli.common import RunFolder, app, console


@app.command()
def calibrate(
    run: RunFolder,
    truth: Annotated[Path, typer.Option("--truth", help="truth.parquet")],
    model: Annotated[str, typer.Option("--model", help="name or file: the run's own model")],
    out: Annotated[Path, typer.Option("--out", help="model file to write; new")],
    survey: Annotated[
        str | None,
        typer.Option("--survey", help="name of the conditions; default: the sample's folder"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of parts and intervals")] = 0,
) -> None:
    """Fit the chance to be a real clump, and write it into a new model file: p_real of its runs."""
    from clumpscope.jobs.calibrate import calibrate as job

    calibration, report = job(run, truth, model, out, survey=survey, seed=seed)
    title = f"{calibration.survey}: {calibration.curve.name}, on galaxies that were held out"
    table = Table("", "candidates", "ECE", "Brier", "AUC", "mean", "real", title=title)
    table.box = SIMPLE_HEAD
    rows = {"raw": report.raw, "calibrated": report.calibrated}
    for name, one in report.thirds.items():
        rows[f"{name} S/N, to {one.snr[1]:.1f}"] = one
    for name, one in rows.items():
        of = one.measures
        # Half the interval: the whole one is in calibration.json.
        shown = ((m.value, (m.high - m.low) / 2) for m in (of.ece, of.brier, of.auc))
        cells = [f"{value:.3f} ± {error:.3f}" for value, error in shown]
        table.add_row(name, str(of.candidates), *cells, f"{of.predicted:.3f}", f"{of.observed:.3f}")
    console.print(table)
    console.print(f"the model with its calibration in {out}")
    console.print(f"in {run / 'calibration'}: calibration.json, reliability.png")
