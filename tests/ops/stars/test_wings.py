"""Wings of stars: falling, and the radius where they end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.ops.stars.wings import wing_radius, wings


def test_wings_fall_as_measured():
    radius = np.geomspace(1, 150, 200)
    slope = np.diff(np.log(wings(radius))) / np.diff(np.log(radius))
    assert (slope < -1.7).all()
    # King's aureole between 6.5 and 17 arcsec, and the steeper flank of the core within.
    assert wings(13.0) / wings(6.5) == pytest.approx(2**-2.48, rel=0.01)
    assert wings(2.0) / wings(4.0) == pytest.approx(2**4.07, rel=0.01)


@given(st.floats(1.0, 110.0))
def test_the_radius_is_where_the_wings_have_that_brightness(radius):
    assert wing_radius(wings(radius)) == pytest.approx(radius, rel=0.01)


def test_no_light_has_no_radius_and_too_much_the_largest():
    assert wing_radius([np.nan, np.inf, 1e-30]).tolist() == [0, 0, 120]
