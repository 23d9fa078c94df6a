"""TOML that a user wrote: refused in words where it is none, or costs too much to read."""

import re
import tomllib
from typing import Any

from clumpscope.errors import RecipeError, expected_got

_MOST_PARTS = 100


def toml_of(text: str, what: object) -> dict[str, Any]:
    """Read TOML; ``what`` it is stands in the message.

    Raises
    ------
    RecipeError
        If it is not TOML, or a key has too many parts.
    """
    if any(piece.count(".") > _MOST_PARTS for piece in re.split(r"(?m)^\s*#.*$|[={,\n]", text)):
        # tomllib would take memory by the square of their number.
        raise RecipeError(expected_got(what, f"keys of at most {_MOST_PARTS} parts", "more"))
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise RecipeError(f"{what}: not valid TOML: nested too deeply") from None
    except ValueError as error:  # no TOML, or a number of too many digits
        raise RecipeError(f"{what}: not valid TOML: {error}") from error
