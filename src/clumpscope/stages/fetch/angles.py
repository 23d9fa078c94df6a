"""Positions of a target list: degrees, or sexagesimal text."""

import re
import warnings

import numpy as np
from astropy import units as u
from astropy.coordinates import Angle
from astropy.coordinates.angles.errors import IllegalMinuteWarning, IllegalSecondWarning
from astropy.table import Column
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got
from clumpscope.ops.columns import is_text, words

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def sexagesimal(column: Column, unit: u.Unit, where: str) -> NDArray[np.float64] | None:
    """Degrees of text such as ``10:12:13.4``, ``10 12 13.4``, ``10h12m13s`` or ``10d12m13s``.

    ``None`` if the column holds numbers, or text that is; they are degrees or have a unit.

    Parameters
    ----------
    column
        One angle a row.
    unit
        Of what says none itself: hours of right ascension, degrees of declination.
    where
        Names the column in messages.

    Raises
    ------
    TableError
        If a row is no angle, or a plain number among others.
    """
    if not is_text(column):
        return None
    texts = words(column)
    plain = [_NUMBER.fullmatch(text) is not None for text in texts]
    if all(plain):
        return None
    for row, (text, number) in enumerate(zip(texts, plain, strict=True), start=1):
        if number:  # degrees or hours?
            raise TableError(
                expected_got(f"{where}, row {row}", "sexagesimal as the others", repr(text))
            )
    with warnings.catch_warnings():
        # 60 seconds, as rounding makes them, are a minute.
        warnings.simplefilter("ignore", IllegalSecondWarning)
        warnings.simplefilter("ignore", IllegalMinuteWarning)
        return np.array(
            [_degrees(text, unit, f"{where}, row {n}") for n, text in enumerate(texts, 1)]
        )


def _degrees(text: str, unit: u.Unit, where: str) -> float:
    try:
        return float(Angle(text, unit).deg)
    except (ValueError, u.UnitsError) as error:
        expected = "degrees, or sexagesimal as 10:12:13.4, 10 12 13.4 or 10h12m13s"
        raise TableError(expected_got(where, expected, f"{text!r} ({error})")) from error
