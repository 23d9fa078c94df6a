"""Numbers from files of others: checked one by one, whatever stands there."""

import math
import sys
from numbers import Real
from reprlib import Repr

_REPR = Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60
_REPR.maxlevel = 3
_LARGEST = sys.float_info.max


def said(value: object) -> str:
    """A value as messages show it: short, and without control codes, however long or deep."""
    return _REPR.repr(value)


def real(value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from ``low`` to ``high``; text and truth values are none.

    Raises
    ------
    ValueError
        If it is none.
    """
    # Asked first, since there are millions.
    if type(value) not in (float, int) and (
        isinstance(value, bool) or not isinstance(value, Real)
    ):
        raise ValueError(f"expected a number, got {said(value)}")
    # Compared as it is: a whole number may be longer than any float.
    if not (low <= value <= high and -_LARGEST <= value <= _LARGEST):  # type: ignore[operator]
        given = math.isfinite(low) or math.isfinite(high)
        expected = f"from {low:g} to {high:g}" if given else "that is finite"
        raise ValueError(f"expected a number {expected}, got {said(value)}")
    return float(value)  # type: ignore[arg-type]


def whole(value: object, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``; 2.0 is one.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = int(real(value, low, high))
    if number != value:
        raise ValueError(f"expected a whole number, got {said(value)}")
    return number
