"""Pixel grids: which of them are none."""

import numpy as np
import pytest

from builders import tan_wcs
from clumpscope.core.grid import flaw_of


def edited(**changes):
    wcs = tan_wcs()
    for name, value in changes.items():
        setattr(wcs.wcs, name, value)
    return wcs


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({}, ""),
        ({"crval": [np.nan, 0]}, "not finite"),
        ({"crpix": [np.inf, 0]}, "not finite"),
        ({"cd": [[np.inf, 0], [0, 1]]}, "not finite"),
        ({"cd": [[1e-4, 1e-4], [1e-4, 1e-4]]}, "pixels of 0 degrees"),
        ({"cd": [[0, 2], [3, 0]]}, "pixels of 2.4"),
    ],
)
def test_flaws(changes, flaw):
    found = flaw_of(edited(**changes))
    assert flaw in found
    assert bool(found) == bool(flaw)
