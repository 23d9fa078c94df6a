"""Commands that make samples: demo, simulate, fetch."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import (
    Dask,
    RecipeFile,
    Resume,
    Seed,
    Workers,
    app,
    console,
    errors,
    hands,
    print_evaluation,
    progress_bar,
    recipe_of,
    resumable,
    summary_of,
    tell_failures,
    tell_hosts,
    workers_of,
)
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.fetch.registry import SERVICES, SURVEYS

_SURVEYS = "; ".join(f"{name}: {what}" for name, what in {**SERVICES, **SURVEYS}.items())


def _tell_sql(asked: bool) -> None:
    if asked:
        from clumpscope.stages.fetch.select import paper_sql

        typer.echo(paper_sql())
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="folder to write")] = Path("clumpscope-demo"),
    galaxies: Annotated[int, typer.Option(min=1, help="how many to simulate")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="of the simulated survey")] = 1,
    workers: Workers = None,
) -> None:
    """Simulate a small survey, run, evaluate and draw it: offline, one command."""
    from clumpscope.jobs.demo import demo as job

    with progress_bar("galaxies", 4 * galaxies) as progress:
        result = job(out, galaxies, seed, workers_of(workers), progress)
    console.print(f"simulated {galaxies} galaxies and ran on them: {summary_of(result.summary)}")
    print_evaluation(result.evaluations)
    console.print("\nwhere everything is:")
    for path, what in result.places.items():
        console.print(f"  {path}  {what}")


@app.command()
def simulate(  # noqa: PLR0913  (an argument an option)
    out: Annotated[Path, typer.Argument(help="folder to write; new or empty", metavar="OUT")],
    galaxies: Annotated[
        int | None,
        typer.Option(
            "--galaxies", min=1, help="how many; with --hosts or --volunteers alone: those there"
        ),
    ] = None,
    *,
    hosts: Annotated[
        Path | None, typer.Option("--hosts", help="a sample whose images get injected clumps")
    ] = None,
    twins_of: Annotated[
        Path | None,
        typer.Option("--twins-of", help="a deeper simulated sample, seen anew by the recipe"),
    ] = None,
    volunteers: Annotated[
        int | None, typer.Option("--volunteers", min=1, help="who mark each galaxy")
    ] = None,
    recipe: RecipeFile = None,
    seed: Seed = None,
    resume: Resume = False,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Simulate a survey, clumps in given cutouts, or twins as another survey sees them."""
    from clumpscope.jobs.simulate import simulate as job
    from clumpscope.jobs.volunteers import volunteers as ask
    from clumpscope.store.sample import Sample as Opened

    settings = recipe_of(recipe, seed)
    total, given = galaxies, hosts or twins_of
    if galaxies is None and given is None and volunteers is None:
        raise TableError(
            expected_got("simulate", "--galaxies, --hosts, --twins-of or --volunteers", "neither")
        )
    if twins_of is not None and (hosts is not None or galaxies is not None):
        raise TableError(expected_got("simulate --twins-of", "it alone", "--hosts or --galaxies"))
    if galaxies is not None or given is not None:
        total = galaxies if galaxies is not None or given is None else len(Opened.open(given))
        with (
            resumable(out),
            progress_bar("simulating", total) as progress,
            hands(workers, dask) as at_work,
        ):
            made = job(
                out,
                galaxies,
                settings,
                at_work,
                progress,
                hosts=hosts,
                twins_of=twins_of,
                resume=resume,
            )
        console.print(f"{made} galaxies with truth and labels in {out}")
        if (out / "failures.parquet").is_file():
            tell_failures(out / "failures.parquet")
    if volunteers is not None:
        with progress_bar("volunteers", total) as progress, hands(workers, dask) as at_work:
            looks = ask(out, volunteers, settings, at_work, progress)
        console.print(f"{looks} classifications in {out / 'classifications.csv.gz'}")


@app.command()
def fetch(  # noqa: PLR0913  (an argument an option)
    survey: Annotated[str, typer.Argument(help=_SURVEYS)],
    targets: Annotated[
        Path,
        typer.Argument(
            help="positions in degrees or sexagesimal, or names: text, FITS, VOTable, Parquet"
        ),
    ],
    sample: Annotated[Path, typer.Argument(help="folder to write; new or empty")],
    frames: Annotated[
        Path | None,
        typer.Option("--frames", help="a local mirror of its frames; default: the archive"),
    ] = None,
    size: Annotated[
        float | None, typer.Option("--size", min=1.0, help="side of the cutouts, arcsec")
    ] = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    *,
    workers: Workers = None,
    dask: Dask = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="tell what would be brought, and bring nothing")
    ] = False,
    drop_frames: Annotated[
        bool, typer.Option("--drop-frames", help="keep no frames of the archive in the cache")
    ] = False,
    select: Annotated[
        bool, typer.Option("--select", help="of a Galaxy Zoo 2 table, the paper's sample alone")
    ] = False,
    select_sql: Annotated[  # noqa: ARG001  (done by its callback)
        bool,
        typer.Option(
            "--select-sql",
            help="print that sample as SQL for SDSS's catalogue",
            callback=_tell_sql,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Cut galaxies out of a survey: its bands on one grid, variance, mask, PSF, host table."""
    from clumpscope.jobs.fetch import estimate, read_targets
    from clumpscope.jobs.fetch import fetch as job

    settings = recipe_of(recipe)
    if drop_frames:
        services = settings.services.model_copy(update={"cache_gb": 0.0})
        settings = settings.model_copy(update={"services": services})
    asked = settings.services if frames is None else None
    wanted = read_targets(targets, asked, select=select)
    for note in wanted.notes:
        errors.print(f"{targets}: {note}")
    if dask is not None and frames is None:
        raise TableError(
            expected_got("--dask", "--frames, a local mirror", "an archive to be asked")
        )
    if dry_run and frames is not None:
        raise TableError(expected_got("--dry-run", "an archive to be asked", f"--frames {frames}"))
    if dry_run:
        told = estimate(survey, wanted, settings, size)
        console.print(
            f"{told.imaged} of {told.targets} targets in {told.fields} fields; to be brought: "
            f"{told.files} files, about {told.megabytes:.0f} MB"
        )
        return
    with (
        resumable(sample),
        progress_bar("fetching", len(wanted)) as progress,
        hands(workers, dask) as at_work,
    ):
        failures = job(
            survey,
            wanted,
            frames,
            sample,
            settings,
            size_arcsec=size,
            resume=resume,
            workers=at_work,
            progress=progress,
        )
    made = len(wanted) + len(wanted.lost) - len(failures)
    console.print(f"{made} galaxies in {sample}")
    tell_hosts(sample / "hosts.parquet")
    tell_failures(sample / "failures.parquet")
