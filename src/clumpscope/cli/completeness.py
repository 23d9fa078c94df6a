"""The command that fits selection functions."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import (
    Dask,
    Model,
    RecipeFile,
    Sample,
    Workers,
    app,
    console,
    errors,
    hands,
    kept,
    progress_bar,
    recipe_of,
)


@app.command()
def completeness(
    sample: Sample,
    out: Annotated[Path, typer.Option("--out", help="JSON file to write; new")],
    model: Model = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="a run on the sample; default: one beside --out")
    ] = None,
    recipe: RecipeFile = None,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Fit a model's selection function on a sample whose clumps are known."""
    from clumpscope.jobs.completeness import completeness as job
    from clumpscope.store.sample import Sample as Opened

    settings = recipe_of(recipe)
    with (
        kept(lambda: f"the same command goes on in {out.with_suffix('.run')}"),
        progress_bar("galaxies", 2 * len(Opened.open(sample))) as progress,
        hands(workers, dask) as at_work,
    ):
        done = job(
            sample,
            out,
            settings,
            model=model,
            run=run,
            workers=at_work,
            progress=progress,
        )
    about = done.selection.provenance
    console.print(
        f"{about['found']} of {about['clumps']} normal clumps of {about['hosts']} hosts found at a "
        f"score of {done.selection.made['threshold']:g} or more"
    )
    console.print(
        f"on hosts left out: log loss {about['log_loss']:.3f} (gradient boosting "
        f"{about['log_loss_boosted']:.3f}), largest difference of a decile "
        f"{about['largest_decile_difference']:.3f}"
    )
    if done.fitted.rarer < done.fitted.wanted:
        errors.print(
            f"warning: fitted with few clumps: {done.fitted.rarer} found or missed, whichever are "
            f"fewer; {done.fitted.wanted} or more make it sure. Simulate or inject more"
        )
    console.print(f"in {out}; drawn in {done.figure}")
