"""Commands from images to a catalogue."""

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from clumpscope.jobs.pipeline import Summary
from clumpscope.cli.common import (
    Dask,
    Model,
    OutFolder,
    RecipeFile,
    Resume,
    RunFolder,
    RunRecipe,
    Sample,
    Workers,
    app,
    console,
    errors,
    hands,
    progress_bar,
    recipe_for,
    recipe_of,
    resumable,
    summary_of,
    tell_failures,
)

_ONE_SHARD = 32  # galaxies: no work for more than one process


@app.command()
def detect(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    *,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Find boxes only: detections.parquet and galaxies.parquet."""
    _begin_loading(sample, workers, dask)
    from clumpscope.jobs.detect import detect as job

    summary = _report(job, sample, out, model, recipe, resume=resume, workers=workers, dask=dask)
    console.print(f"{summary.detections} boxes in {summary.galaxies} galaxies")
    _where(out, summary, [])


@app.command()
def run(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    *,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Detect, refine, measure and catalogue every galaxy of a sample."""
    _begin_loading(sample, workers, dask)
    from clumpscope.jobs.run import run as job

    summary = _report(job, sample, out, model, recipe, resume=resume, workers=workers, dask=dask)
    console.print(summary_of(summary))
    names = ["catalogue.parquet", "catalogue.fits"]
    if summary.undrawn:
        errors.print(f"sheet.png was not drawn: {summary.undrawn}")
    else:
        names.append("sheet.png")
    _tell_left_out(out)
    _where(out, summary, names)


def _begin_loading(sample: Path, workers: Workers, dask: Dask) -> None:
    """Have libraries loaded for workers while this process loads its own, if there will be some."""
    if dask is not None or workers == 1:
        return
    images = sample / "images"
    try:
        with os.scandir(images if images.is_dir() else sample) as entries:
            several = sum(1 for _ in islice(entries, _ONE_SHARD + 1)) > _ONE_SHARD
    except OSError:  # which is told when the sample is opened
        return
    if several:
        from clumpscope.engine.nursery import begin_loading, load_for_workers

        load_for_workers("clumpscope.jobs.pipeline", "clumpscope.detector.ready")
        begin_loading()


def _tell_left_out(run: Path) -> None:
    """Say which files of a catalogue are not written."""
    from clumpscope.store.formats import MOST_ROWS
    from clumpscope.store.run import Run

    left = Run(run).left_out()
    if left:
        errors.print(f"not written, of more than {MOST_ROWS:,} clumps: {', '.join(left)}")


def _report(
    job: "Callable[..., Summary]",
    sample: Path,
    out: Path,
    model: str | None,
    recipe: Path | None,
    *,
    resume: bool,
    workers: Workers,
    dask: Dask,
) -> "Summary":
    """Do a job over a sample with a progress bar."""
    from clumpscope.store.sample import Sample as Opened

    settings = recipe_of(recipe)
    total = len(Opened.open(sample))
    with (
        resumable(out),
        progress_bar("galaxies", total) as progress,
        hands(workers, dask) as at_work,
    ):
        return job(
            sample,
            out,
            settings,
            model=model,
            resume=resume,
            workers=at_work,
            progress=progress,
        )


def _where(out: Path, summary: "Summary", names: list[str]) -> None:
    """Say where everything is, and what failed."""
    names = [*names, "detections.parquet", "galaxies.parquet", "failures.parquet"]
    console.print(f"in {out}: {', '.join(names)}")
    if summary.failed:
        tell_failures(out / "failures.parquet")
    if summary.failed == summary.galaxies:
        raise typer.Exit(1)


@app.command()
def refine(run: RunFolder, recipe: RunRecipe = None) -> None:
    """Refine a run's detections anew: positions.parquet."""
    from clumpscope.jobs.refine import refine as job
    from clumpscope.store.run import Run

    total = len(Run(run).sample())
    with progress_bar("refining", total) as progress:
        clumps = job(run, recipe_for(run, recipe), progress)
    console.print(f"{clumps} clumps in {run / 'positions.parquet'}")
    if tell_failures(run / "failures.parquet") == total:
        raise typer.Exit(1)


@app.command()
def measure(
    sample: Sample,
    positions: Annotated[
        Path, typer.Option("--positions", help="table with galaxy_id and ra, dec or x, y")
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet or FITS file to write; new")],
    coords: Annotated[
        Literal["sky", "pixel"] | None,
        typer.Option("--coords", help="which counts, where both are there"),
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Measure given positions in every band; exits with 1 if the sample lacks one's galaxy."""
    from clumpscope.jobs.measure import failures_of
    from clumpscope.jobs.measure import measure as job

    measured = job(sample, positions, out, recipe_of(recipe), coords)
    console.print(f"{measured.positions} positions measured in {out}")
    if measured.failed:
        tell_failures(failures_of(out))
    if measured.unknown:
        raise typer.Exit(1)


@app.command()
def catalogue(
    run: RunFolder,
    recipe: RunRecipe = None,
    hats: Annotated[
        Path | None,
        typer.Option(
            "--hats", help="new folder to write the catalogue to, too, divided by HEALPix (HATS)"
        ),
    ] = None,
) -> None:
    """Make a run's catalogue anew from its photometry.parquet."""
    from clumpscope.jobs.catalogue import catalogue as job

    clumps = job(run, recipe_for(run, recipe), hats)
    console.print(f"{clumps} clumps in {run / 'catalogue.parquet'}")
    _tell_left_out(run)
    if hats is not None:
        from clumpscope.store.hats import rows_in_hats

        rows = rows_in_hats(hats)
        console.print(f"{rows} of them in {hats}")
        if rows < clumps:
            errors.print(f"{clumps - rows} without a position on the sky are not in {hats}")


@app.command()
def doctor(
    fetch: Annotated[
        str | None,
        typer.Option(
            "--fetch", help="bring into the cache first: dust (maps of SFD98), clumpscout (VizieR)"
        ),
    ] = None,
) -> None:
    """Versions, devices, cache, models, dust maps: what is there and how to get what is not."""
    from clumpscope.jobs.doctor import doctor as job
    from clumpscope.jobs.doctor import fetch_reference

    if fetch is not None:
        for path in fetch_reference(fetch):
            console.print(f"brought: {path}")
    checks = job()
    colours = {"ok": "green", "warning": "yellow", "missing": "red"}
    for check in checks:
        console.print(f"{check.state:8}", style=colours[check.state], end=" ")
        console.print(f"{check.name}: {check.detail}")
        if check.remedy:
            console.print(f"         → {check.remedy}")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)
