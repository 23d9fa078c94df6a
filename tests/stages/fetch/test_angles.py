import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Angle
from astropy.table import Column, MaskedColumn
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import TableError
from clumpscope.stages.fetch.angles import sexagesimal

RA = 15 * (10 + 12 / 60 + 13.4 / 3600)


def hours(*texts):
    return sexagesimal(Column(texts), u.hourangle, "list.csv: column ra")


def degrees(*texts):
    return sexagesimal(Column(texts), u.deg, "list.csv: column dec")


@pytest.mark.parametrize(
    "text",
    ["10:12:13.4", "10 12 13.4", "10h12m13.4s", " 10h 12m 13.4s ", "+10:12:13.40"],
)
def test_right_ascension_is_in_hours(text):
    assert hours(text) == pytest.approx([RA], abs=1e-9)


def test_a_unit_in_the_text_counts():
    assert hours("153d03m21s", "10h12m13.4s") == pytest.approx([RA, RA], abs=1e-9)
    assert degrees("-0h01m00s") == pytest.approx([-0.25])


def test_the_sign_of_minus_zero_degrees_stays():
    found = degrees("-00:15:12", "-0 15 12", "\u221200d15m12s", "+00:15:12")
    assert found == pytest.approx(np.array([-1, -1, -1, 1]) * (15 / 60 + 12 / 3600))


def test_sixty_seconds_are_a_minute():
    assert hours("10:11:60.0") == pytest.approx([15 * (10 + 12 / 60)])
    assert degrees("10:60:00") == pytest.approx([11.0])


def test_bytes_and_objects_are_text():
    assert hours(b"10:12:13.4") == pytest.approx([RA])
    column = Column(np.array(["10:12:13.4"], dtype=object))
    assert sexagesimal(column, u.hourangle, "ra") == pytest.approx([RA])


def test_numbers_are_degrees_also_as_text():
    assert sexagesimal(Column([10.5]), u.hourangle, "ra") is None
    assert hours("10.5", "+3", "1e2", ".5") is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("10:12:13", "150.5"), r"list.csv: column ra, row 2: expected sexagesimal as the others"),
        (("10:12:13", "x"), "row 2: expected degrees, or sexagesimal as 10:12:13.4.*'x'"),
        (("25:00:00",), r"row 1.*'25:00:00'.*hours"),
        (("10:12:13:14",), "row 1"),
        (("10:12:13", ""), "row 2.*got ''"),
    ],
)
def test_what_is_no_angle_is_told_by_row(texts, message):
    with pytest.raises(TableError, match=message):
        hours(*texts)


def test_a_masked_row_is_no_angle():
    column = MaskedColumn(["10:12:13", "10:12:14"], mask=[False, True])
    with pytest.raises(TableError, match="row 2.*got ''"):
        sexagesimal(column, u.hourangle, "ra")


@given(
    st.floats(0, 359.9999),
    st.floats(-90, 90),
    st.sampled_from([":", " ", "hms"]),
    st.integers(2, 5),
)
def test_degrees_written_in_sexagesimal_come_back(ra, dec, sep, digits):
    written = Angle(ra, "deg").to_string(unit="hourangle", sep=sep, precision=digits)
    assert abs(hours(written)[0] - ra) * 3600 < 0.1
    sep = "dms" if sep == "hms" else sep
    written = Angle(dec, "deg").to_string(
        unit="deg", sep=sep, precision=digits - 1, alwayssign=True
    )
    assert abs(degrees(written)[0] - dec) * 3600 < 0.1
