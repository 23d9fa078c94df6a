"""Commands for recipes: show, check."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import console, recipe_app


@recipe_app.command("show")
def recipe_show(
    recipe: Annotated[
        Path | None, typer.Argument(help="a TOML recipe; default: ours", metavar="RECIPE")
    ] = None,
) -> None:
    """Print a recipe with every setting, its meaning and default: to be edited, and read back."""
    from clumpscope.jobs.recipe import show_recipe

    console.out(show_recipe(recipe), end="")


@recipe_app.command("check")
def recipe_check(
    file: Annotated[Path, typer.Argument(help="a TOML recipe", metavar="FILE")],
) -> None:
    """Say whether a recipe is valid, and what it changes."""
    from clumpscope.jobs.recipe import check_recipe

    changed = check_recipe(file)
    console.print(f"{file} is valid" + ("" if changed else ": all is as by default"))
    for key, value, default in changed:
        console.print(f"{key}: {value} (default {default})")
