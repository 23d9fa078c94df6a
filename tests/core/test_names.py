from fractions import Fraction

import numpy as np
import pytest
from astropy.coordinates import Angle
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.names import iau_names

DAY = 24 * 360000  # hundredths of a second
HAIR = Fraction("1.01e-6")


def digits(name):
    """Hundredths of a second of time and tenths of one of arc that a name says, and its sign."""
    time, sign, arc = name[1:10], name[10], name[11:]
    hundredths = (int(time[:2]) * 60 + int(time[2:4])) * 6000 + int(time[4:6] + time[7:])
    tenths = (int(arc[:2]) * 60 + int(arc[2:4])) * 600 + int(arc[4:6] + arc[7:])
    return hundredths, tenths, sign


def test_known_places():
    ra = np.array([229.525699, 0.0, 359.99999, np.nan, 10.0, 359.99999999999, -1e-13, 360.0])
    dec = np.array([42.74599, -0.00001, 89.99999, 1.0, -9.9999999, -0.5, 90.0, -90.0])
    assert iau_names(ra, dec).tolist() == [
        "J151806.16+424445.5",
        "J000000.00-000000.0",
        "J235959.99+895959.9",
        "",
        "J004000.00-095959.9",
        "J000000.00-003000.0",
        "J000000.00+900000.0",
        "J000000.00-900000.0",
    ]


@given(st.floats(-360, 720), st.floats(-90, 90))
def test_a_name_is_its_place_cut_off(ra, dec):
    """In exact fractions: short of the place by less than one of the last digit."""
    (name,) = iau_names([ra], [dec])
    assert len(check_galaxy_id(name)) == 19
    time, arc, sign = digits(name)
    short = (Fraction(ra) / 15 * 360000 - time + HAIR) % DAY
    assert 0 <= short < 1 + HAIR
    assert 0 <= abs(Fraction(dec)) * 36000 - arc + HAIR < 1 + HAIR
    assert sign == ("-" if dec < 0 else "+")
    assert time < DAY
    assert all(int(part) < 60 for part in (name[3:5], name[5:7], name[13:15], name[15:17]))


@given(st.floats(0, 359.999), st.floats(-89.999, 89.999))
def test_names_begin_as_astropy_writes_the_place(ra, dec):
    """To more digits, and then cut; where the digits that follow are no nines or noughts."""
    hours, arc = (
        Angle(value, "deg").to_string(unit, sep="", precision=8, pad=True, alwayssign=signed)
        for value, unit, signed in ((ra, "hourangle", False), (dec, "deg", True))
    )
    if not {hours[9:13], arc[9:13]} & {"0000", "9999"}:
        assert iau_names([ra], [dec])[0] == f"J{hours[:9]}{arc[:9]}"


@pytest.mark.parametrize("hundredths", [0, 1, 606, 5999, 100_014, 8_639_999])
def test_sexagesimal_places_keep_their_last_digit(hundredths):
    """Degrees of whole hundredths of a second have no such binary number."""
    (name,) = iau_names([hundredths * 15 / 360000], [hundredths / 360000])
    assert digits(name) == (hundredths, hundredths // 10, "+")
