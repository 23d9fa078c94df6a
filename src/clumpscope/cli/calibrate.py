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
    names = ("", "candidates", "ECE", "Brier", "AUC", "mean", "real")
    table = Table(*names, title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    rows = {"raw": report.raw, "calibrated": report.calibrated}
    for one in report.thirds.values():
        rows[f"S/N to {one.snr[1]:.1f}"] = one
    for name, one in rows.items():
        of = one.measures
        # Half of the interval: the whole one is in calibration.json, and those of the others.
        ece = f"{of.ece.value:.3f} ± {(of.ece.high - of.ece.low) / 2:.3f}"
        others = (of.brier.value, of.auc.value, of.predicted, of.observed)
        table.add_row(name, str(of.candidates), ece, *(f"{value:.3f}" for value in others))
    console.print(table)
    every, held_out = calibration, report.raw.measures
    console.print(
        f"fitted to all {every.candidates:,} candidates of {every.galaxies:,} galaxies; the table "
        f"is of the {held_out.galaxies:,} galaxies that were held out of a first fit"
    )
    console.print(f"the model with its calibration in {out}")
    console.print(f"in {run / 'calibration'}: calibration.json, reliability.png")
