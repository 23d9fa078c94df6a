import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError
from clumpscope.ops.ids import mended
from clumpscope.stages.fetch.ids import check_ids, made_ids


def test_ids_that_collide_are_told_with_their_rows_and_what_they_came_from():
    given = ["NGC 1", "x", "ngc_1"]
    with pytest.raises(
        TableError,
        match=r"list: row 3, galaxy_id: expected each id once, got ngc_1 again: "
        r"row 1 has NGC_1 \(from 'NGC 1'\)",
    ):
        check_ids([mended(one) for one in given], given, "list")


@pytest.mark.parametrize("bad", ["", "a" * 65])
def test_empty_and_long_ids_are_refused(bad):
    with pytest.raises(TableError, match="list: row 2, galaxy_id"):
        check_ids(["a", bad], ["a", bad], "list")


@given(st.floats(0, 359.999), st.floats(-90, 90))
def test_made_ids_are_safe_and_lie_where_they_say(ra, dec):
    (name,) = made_ids(np.array([ra]), np.array([dec]))
    check_galaxy_id(name)
    hours, degrees = name[1:10], name[11:]
    back = (int(hours[:2]) + int(hours[2:4]) / 60 + float(hours[4:]) / 3600) * 15
    assert back == pytest.approx(ra, abs=0.01 / 240 + 1e-9)
    sign = -1 if name[10] == "-" else 1
    height = int(degrees[:2]) + int(degrees[2:4]) / 60 + float(degrees[4:]) / 3600
    assert sign * height == pytest.approx(dec, abs=0.1 / 3600 + 1e-9)
