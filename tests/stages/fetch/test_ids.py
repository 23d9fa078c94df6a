import pytest

from clumpscope.errors import TableError
from clumpscope.ops.ids import mended
from clumpscope.stages.fetch.ids import check_ids


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
