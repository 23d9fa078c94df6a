"""Pixel grids: which of them are none."""

import numpy as np
import pytest

from builders import tan_wcs
from clumpscope.core.frames import native_to_sky
from clumpscope.core.grid import flaw_of, pixel_area, pixel_side_arcsec
from distorted import sip_wcs, tpv_wcs


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


@pytest.mark.parametrize("wcs", [sip_wcs(), tpv_wcs(scale=1.05), tan_wcs((200, 200), 0.4)])
@pytest.mark.parametrize("at", [(10.0, 20.0), (99.5, 99.5), (190.0, 60.0)])
def test_a_pixel_s_side_is_what_it_is_there(wcs, at):
    corners = np.array(at) + np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    ra, dec = native_to_sky(corners, wcs).T
    x, y = ra * np.cos(np.radians(dec.mean())), dec
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2  # shoelace
    assert pixel_side_arcsec(wcs, at) == pytest.approx(3600 * np.sqrt(area), rel=1.1e-3)


def test_a_pixel_s_side_where_nothing_distorts_is_that_of_the_matrix():
    assert pixel_side_arcsec(tan_wcs(), (3000.0, 0.0)) == pixel_side_arcsec(tan_wcs())
    polar = tan_wcs((200, 200), 0.4, dec=90.0)
    assert pixel_side_arcsec(polar, (150.0, 99.5)) == pytest.approx(0.4)
    assert pixel_area(tan_wcs(), (3, 4)) * pixel_area(tan_wcs(flip=True), (3, 4)) < 0
