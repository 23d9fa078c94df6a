"""Commands from images to a catalogue, and its evaluation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    pass
from clumpscope.cli.common import (Model, OutFolder, RecipeFile, Resume, RunFolder, RunRecipe, Sample, Workers, app, console, errors, print_evaluation, progress_bar, recipe_for, recipe_of, summary_of, workers_of)


@app.command()
def detect(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Find boxes only: detections.parquet and galaxies.parquet."""
    _run(sample, out, model, recipe, resume, workers, "detect")


@app.command()
def run(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Detect, refine, measure and catalogue every galaxy of a sample."""
    _run(sample, out, model, recipe, resume, workers, "catalogue")


def _run(
    sample: Path,
    out: Path,
    model: str | None,
    recipe: Path | None,
    resume: bool,
    workers: int | None,
    until: str,
) -> None:
    from clumpscope.jobs.pipeline import run as run_pipeline
    from clumpscope.store.sample import Sample as Opened

    settings = recipe_of(recipe)
    try:
        with progress_bar("galaxies", len(Opened.open(sample))) as progress:
            summary = run_pipeline(
                sample,
                out,
                settings,
                model=model,
                until=until,
                resume=resume,
                workers=workers_of(workers),
                progress=progress,
            )
    except KeyboardInterrupt:
        errors.print(f"interrupted: the same command with --resume goes on in {out}")
        raise typer.Exit(1) from None
    names = ["detections.parquet", "galaxies.parquet", "failures.parquet"]
    if until == "catalogue":
        console.print(summary_of(summary))
        names = ["catalogue.parquet", "catalogue.fits", *names]
    else:
        console.print(f"{summary.detections} boxes in {summary.galaxies} galaxies")
    console.print(f"in {out}: {', '.join(names)}")
    if summary.failed:
        errors.print(f"{summary.failed} galaxies failed: see {out / 'failures.parquet'}")
    if summary.failed == summary.galaxies:
        raise typer.Exit(1)


@app.command()
def refine(run: RunFolder, recipe: RunRecipe = None) -> None:
    """Refine a run's detections anew: positions.parquet."""
    from clumpscope.jobs.pipeline import refine_run, sample_of

    with progress_bar("refining", len(sample_of(run))) as progress:
        clumps = refine_run(run, recipe_for(run, recipe), progress)
    console.print(f"{clumps} clumps in {run / 'positions.parquet'}")


@app.command()
def measure(
    sample: Sample,
    positions: Annotated[
        Path, typer.Option("--positions", help="table with galaxy_id and ra, dec or x, y")
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet or FITS file to write")],
    coords: Annotated[
        Literal["sky", "pixel"] | None,
        typer.Option("--coords", help="which counts, where both are there"),
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Measure given positions in every band."""
    from clumpscope.jobs.pipeline import measure_file

    count, failed = measure_file(sample, positions, out, recipe_of(recipe), coords)
    console.print(f"{count} positions measured in {out}")
    for galaxy_id, error in failed.items():
        errors.print(f"failed: {galaxy_id}: {error}")


@app.command()
def catalogue(run: RunFolder, recipe: RunRecipe = None) -> None:
    """Make a run's catalogue anew from its photometry.parquet."""
    from clumpscope.jobs.pipeline import catalogue_run

    console.print(
        f"{catalogue_run(run, recipe_for(run, recipe))} clumps in {run / 'catalogue.parquet'}"
    )


@app.command()
def evaluate(
    run: RunFolder,
    truth: Annotated[Path, typer.Option("--truth", help="truth.parquet")],
    recipe: RunRecipe = None,
    baseline: Annotated[bool, typer.Option(help="compare with a classical finder")] = True,
) -> None:
    """Completeness and purity against truth: metrics, tables and a figure in RUN/evaluation."""
    from clumpscope.jobs.evaluate import assess
    from clumpscope.jobs.pipeline import sample_of

    total = len(sample_of(run)) if baseline else 0
    with progress_bar("baseline", total) as progress:
        results = assess(
            run, truth, recipe_for(run, recipe), with_baseline=baseline, progress=progress
        )
    print_evaluation(results)
    console.print(f"in {run / 'evaluation'}: metrics.json, curves.parquet, completeness_purity.png")


@app.command()
def doctor() -> None:
    """Versions, devices, cache, models, dust maps: what is there and how to get what is not."""
    from clumpscope.jobs.doctor import doctor as look

    checks = look()
    colours = {"ok": "green", "warning": "yellow", "missing": "red"}
    for check in checks:
        console.print(f"{check.state:8}", style=colours[check.state], end=" ")
        console.print(f"{check.name}: {check.detail}")
        if check.remedy:
            console.print(f"         → {check.remedy}")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)
