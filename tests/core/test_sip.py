import numpy as np
import pytest
from astropy.wcs import DistortionLookupTable
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import band_image, tan_wcs
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.sip import has_tables, shifted
from clumpscope.ops.on_window import trimmed
from clumpscope.ops.window import Window
from distorted import sip_wcs, tpv_wcs


def table_wcs():
    wcs = tan_wcs((200, 200))
    values = np.linspace(0, 2, 25, dtype=np.float32).reshape(5, 5)
    wcs.cpdis1 = DistortionLookupTable(values, (1.0, 1.0), (1.0, 1.0), (50.0, 50.0))
    wcs.det2im2 = DistortionLookupTable(values, (1.0, 1.0), (1.0, 1.0), (50.0, 50.0))
    return wcs


@pytest.mark.parametrize("make", [sip_wcs, tpv_wcs, table_wcs, tan_wcs])
@given(x0=st.integers(-60, 120), y0=st.integers(-60, 120))
@settings(max_examples=15)
def test_a_part_of_an_image_shows_the_same_sky(make, x0, y0):
    whole = make()
    part = shifted(whole, x0, y0)
    here = np.array([[1.0, 2.0], [50.5, 30.25], [150, 190]])
    sky = native_to_sky(here, whole)
    np.testing.assert_allclose(native_to_sky(here - [x0, y0], part), sky, rtol=0, atol=1e-10)
    np.testing.assert_allclose(sky_to_native(sky, part), here - [x0, y0], atol=1e-5)
    np.testing.assert_array_equal(native_to_sky(here, whole), sky)


def test_windows_of_a_distorted_frame_and_their_middles():
    wcs = sip_wcs()
    window = Window.centred(wcs, 160.0, 40.0, 61)
    place = native_to_sky([[150.0, 33.0]], wcs)
    there = sky_to_native(place, window.wcs)
    np.testing.assert_allclose(there, [[150 - window.x0, 33 - window.y0]], atol=1e-5)
    plane = trimmed(band_image((61, 61), wcs=window.wcs), window, 31)
    np.testing.assert_allclose(sky_to_native(place, plane.wcs), there - 15, atol=1e-5)
    np.testing.assert_allclose(native_to_sky(there - 15, plane.wcs), place, rtol=0, atol=1e-10)


def test_tables_are_told():
    assert has_tables(table_wcs())
    assert not has_tables(sip_wcs())
