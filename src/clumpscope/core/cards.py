"""Values of FITS headers: what counts as a number."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from clumpscope.errors import ClumpscopeError, expected_got


def is_number(value: object) -> TypeGuard[float]:
    """Whether a card's value is a finite number: ``T``, text and complex ones are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of 400 digits
        return False


def number(
    header: Mapping[str, Any], key: str, where: object, error: type[ClumpscopeError]
) -> float:
    """A card's finite number.

    Raises
    ------
    ClumpscopeError
        ``error``, if the card holds anything else or is not there.
    """
    value = header.get(key)
    if not is_number(value):
        got = "none" if value is None else repr(value)
        raise error(expected_got(f"{where} {key}", "a finite number", got))
    return float(value)
