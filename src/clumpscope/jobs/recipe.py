"""`recipe show` and `recipe check`: every setting, and what a file changes."""

from pathlib import Path

from clumpscope.config.recipe import load_recipe
from clumpscope.config.show import differences, show


def show_recipe(path: Path | None = None) -> str:
    """A recipe, ``None`` for the defaults, as TOML with every setting, its meaning and default.

    Raises
    ------
    RecipeError
        If the file is no valid recipe.
    """
    return show(load_recipe(path))


def check_recipe(path: Path) -> list[tuple[str, str, str]]:
    """Dotted key, value and default, as TOML, of all that a recipe changes.

    Raises
    ------
    RecipeError
        If the file is no valid recipe.
    """
    return differences(load_recipe(path))
