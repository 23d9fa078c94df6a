"""The command that tells all of a run on one page."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import RunFolder, app, console


@app.command()
def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option("--out", help="HTML page to write; default: RUN/report.html")
    ] = None,
) -> None:
    """All of a run on one HTML page: numbers, figures, galaxies, failures, provenance."""
    from clumpscope.jobs.report import report as job
    from clumpscope.store.atomic import new_file

    # That of the run is made anew, as all that is its own.
    console.print(str(job(run, None if out is None else new_file(out))))
