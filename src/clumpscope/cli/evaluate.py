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
    baseline: Annotated[bool, typer.Option(help="compare with classical finders")] = True,
    bootstraps: Annotated[
        int, typer.Option(min=0, help="resamplings of the galaxies for intervals; 0: Wilson's")
    ] = 200,
    workers: Workers = None,
) -> None:
    """Completeness and purity of runs against truth: metrics, tables and figures."""
    from clumpscope.jobs.evaluate import evaluate as job
    from clumpscope.store.run import Run

    total = 2 * len(Run(runs[0]).sample()) if baseline else 0
    with progress_bar("images", total) as progress:
        results = job(
            runs,
            truth,
            recipe_for(runs[0], recipe),
            out=out,
            with_baseline=baseline,
            bootstraps=bootstraps,
            workers=workers_of(workers),
            progress=progress,
        )
    print_evaluation(results)
    console.print(
        f"in {out or runs[0] / 'evaluation'}: metrics.json, summary.txt (.md, .tex), "
        "curves.parquet, found.parquet, truth.parquet, completeness_purity.png"
    )
