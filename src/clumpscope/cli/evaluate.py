"""The command that judges runs."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import (
    RunRecipe,
    Workers,
    app,
    console,
    print_evaluation,
    progress_bar,
    recipe_for,
    workers_of,
)


@app.command()
def evaluate(
    runs: Annotated[
        list[Path], typer.Argument(help="folders of runs over the same galaxies", metavar="RUN...")
    ],
    truth: Annotated[
        Path, typer.Option("--truth", help="truth.parquet, or labels: a table of boxes")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="folder to write; default: RUN/evaluation")
    ] = None,
    recipe: RunRecipe = None,
    *,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            help="a classical finder to compare with: sep, peaks, guo or sattari; "
            "more than one by repeating it [default: sep]",
        ),
    ] = None,
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="compare with none, and read no image")
    ] = False,
    bootstraps: Annotated[
        int, typer.Option(min=0, help="resamplings of the galaxies for intervals; 0: Wilson's")
    ] = 200,
    workers: Workers = None,
) -> None:
    """Completeness and purity of runs against truth: metrics, tables and figures."""
    from clumpscope.jobs.evaluate import BASELINES
    from clumpscope.jobs.evaluate import evaluate as job
    from clumpscope.store.run import Run

    names = () if no_baseline else tuple(baseline or BASELINES)
    total = 2 * len(Run(runs[0]).sample()) if names else 0
    with progress_bar("images", total) as progress:
        results = job(
            runs,
            truth,
            recipe_for(runs[0], recipe),
            out=out,
            baselines=names,
            bootstraps=bootstraps,
            workers=workers_of(workers),
            progress=progress,
        )
    print_evaluation(results)
    console.print(
        f"in {out or runs[0] / 'evaluation'}: metrics.json, summary.txt (.md, .tex), "
        "curves.parquet, found.parquet, truth.parquet, completeness_purity.png"
    )
