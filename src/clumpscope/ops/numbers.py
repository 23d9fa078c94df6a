"""Numbers from files of others: checked one by one, whatever stands there."""

import math
import sys
from reprlib import Repr

import numpy as np

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
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bool) or not isinstance(plain, float | int):
        raise ValueError(f"expected a number, got {said(value)}")
    # Compared as it is: a whole number may be longer than any float.
    if not (low <= plain <= high and -_LARGEST <= plain <= _LARGEST):
        given = math.isfinite(low) or math.isfinite(high)
        expected = f"from {low:g} to {high:g}" if given else "that is finite"
        raise ValueError(f"expected a number {expected}, got {said(value)}")
    return float(plain)


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
