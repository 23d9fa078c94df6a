"""Commands that draw galaxies of a run: one large, many small."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import RunFolder, RunRecipe, app, console, errors, recipe_for
from clumpscope.errors import TableError, expected_got


@app.command()
def show(
    run: RunFolder,
    galaxy: Annotated[str, typer.Argument(help="a galaxy's id", metavar="GALAXY")],
    out: Annotated[
        Path | None, typer.Option("--out", help="PNG to write; default: GALAXY.png here")
    ] = None,
    recipe: RunRecipe = None,
) -> None:
    """Draw one galaxy large: composite, bands, boxes, apertures, and a table of its clumps."""
    from clumpscope.jobs.show import show as job
    from clumpscope.plot import save
    from clumpscope.store.atomic import new_file
    from clumpscope.store.confined import inside
    from clumpscope.store.run import Run

    if out is not None:
        new_file(out)
    figure = job(run, galaxy, recipe_for(run, recipe))
    path = new_file(inside(Path(), f"{galaxy}.png")) if out is None else out
    save(figure, path)
    console.print(str(path))
    failure = Run(run).failure(galaxy)
    if failure:
        errors.print(f"failed: {galaxy}: {failure}")
        raise typer.Exit(1)


@app.command()
def sheet(
    run: RunFolder,
    galaxies: Annotated[
        list[str] | None,
        typer.Option("--galaxies", metavar="ID", help="these; several joined by commas"),
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", min=1, max=300, help="so many, drawn by the seed")
    ] = None,
    flag: Annotated[
        str, typer.Option("--flag", help="those with a clump of this flag, such as BLENDED")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="of --random")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="PNG to write; default: RUN/sheet.png")
    ] = None,
    recipe: RunRecipe = None,
) -> None:
    """Draw galaxies small on one sheet: the first 30, or as the options choose."""
    from clumpscope.jobs.sheet import sheet as job
    from clumpscope.plot import save
    from clumpscope.store.atomic import new_file

    ids = [name for joined in galaxies or [] for name in joined.split(",") if name]
    if ids and (random is not None or flag):
        raise TableError(expected_got("--galaxies", "to be alone", "--random or --flag beside it"))
    # That of the run is drawn anew, as all that is its own.
    path = run / "sheet.png" if out is None else new_file(out)
    figure = job(run, recipe_for(run, recipe), galaxies=ids, random=random, flag=flag, seed=seed)
    save(figure, path)
    console.print(str(path))
