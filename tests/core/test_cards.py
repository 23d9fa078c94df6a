"""What counts as a number in a FITS header."""

import math

import pytest
from astropy.io import fits

from clumpscope.core.cards import is_number, number
from clumpscope.errors import FrameError


@pytest.mark.parametrize("value", [True, False, "1.3", 1 + 2j, math.nan, math.inf, None, 10**400])
def test_no_numbers(value):
    assert not is_number(value)
    with pytest.raises(FrameError, match="a HDU 1 GAIN: expected a finite number, got "):
        number({"GAIN": value}, "GAIN", "a HDU 1", FrameError)


def test_numbers():
    header = fits.Header.fromstring("GAIN    =                 4.72" + 50 * " " + "END")
    assert number(header, "GAIN", "", FrameError) == 4.72
    assert number({"n": 3}, "n", "", FrameError) == 3
    with pytest.raises(FrameError, match="got none"):
        number(header, "DARKVAR", "", FrameError)
