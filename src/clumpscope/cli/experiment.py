"""The command experiment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clumpscope.cli.common import Dask, Seed, Workers, app, console, hands, kept, recipe_of

if TYPE_CHECKING:
    from clumpscope.jobs.cells import Outcome


@app.command()
def experiment(  # noqa: PLR0913  (an argument an option)
    recipe: Annotated[Path, typer.Argument(help="a TOML recipe", metavar="RECIPE")],
    out: Annotated[Path, typer.Option("--out", help="folder to write, or to go on in")],
    sample: Annotated[
        Path | None, typer.Option("--sample", help="a sample; default: the recipe's")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="labels before any cut; default: the recipe's"),
    ] = None,
    hsc: Annotated[
        Path | None,
        typer.Option("--hsc", help="a sample of the same galaxies in deeper images"),
    ] = None,
    simulated: Annotated[
        Path | None, typer.Option("--simulated", help="a sample with truth, to test with")
    ] = None,
    *,
    seed: Seed = None,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Train models on run-groups, run them, and make the tables and figures of the paper.

    The same command goes on where an earlier one was interrupted, and makes anew only what a
    changed recipe or other data touch.
    """
    from clumpscope.jobs.experiment import Places
    from clumpscope.jobs.experiment import experiment as job

    settings = recipe_of(recipe, seed)
    given = {"sample": sample, "labels": labels, "hsc": hsc, "simulated": simulated}
    places = Places.of(settings.experiment, recipe.parent, **given)

    def told(one: "Outcome") -> None:
        console.print(f"{one.name}: {one.state}" + (f": {one.error}" if one.error else ""))

    with (
        kept(lambda: f"the same command goes on in {out}"),
        hands(workers, dask) as at_work,
    ):
        done = job(places, out, settings, workers=at_work, report=told, note=console.print)
    _print_cells(done)
    console.print(f"tables and figures, and what is missing: {out / 'index.html'}, index.md")
    if any(one.error for one in done):
        raise typer.Exit(1)


def _print_cells(done: "list[Outcome]") -> None:
    table = Table("cell", "state", "minutes", "", box=SIMPLE_HEAD)
    for one in done:
        table.add_row(one.name, str(one.state), f"{one.seconds / 60:.1f}", one.error)
    console.print(table)
