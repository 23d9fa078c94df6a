"""YOLO files of others: what is refused."""

import pytest

from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.yolo import read

NONE = Images(None, 200)
GOOD = "0 .5 .5 .1 .1"
LONG = "1" + "0" * 400


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"{10**21} .5 .5 .1 .1", "class: expected 0 or 1 .odd clump., got 10000"),
        ("-1 .5 .5 .1 .1", "class: expected 0 or 1 .odd clump., got -1"),
        ("9" * 5000 + " .5 .5 .1 .1", ": expected class x y w h .probability., got 999"),
        (f"0 {LONG} .5 .1 .1", ": expected class x y w h"),
        ("0 inf .5 .1 .1", ": expected class x y w h .*, got 0 inf"),
        ("0 .5 nan .1 .1", ": expected class x y w h"),
        ("0 .5 .5 inf .1", ": expected class x y w h"),
        ("0 .5 .5 .1 -.1", ": expected class x y w h"),
        ("0 .5 .5 .1 .1 nan", ": expected class x y w h"),
        ("0 .5 .5 .1 .1\0", ": expected class x y w h"),
        ("0 .5 .5 .1 .1 9", ": probability: expected 0 to 1, got 9"),
        ("0 .5 .5 .1 .1 -.5", ": probability: expected 0 to 1, got -0.5"),
        ("0 9 .5 .1 .1", ": x1, y1, x2, y2: expected a box near the image"),
        ("0 .5 .5 1e-300 .1", ": x1, y1, x2, y2: expected x1 < x2"),
    ],
)
def test_a_line_that_cannot_be_is_named(line, problem):
    with pytest.raises(TableError, match=f"^f, g, line 3,? ?{problem}") as caught:
        read({"a": GOOD, "g": f"{GOOD}\n\n{line}\n{GOOD}"}, NONE, "f")
    assert len(str(caught.value)) < 300


def test_of_many_the_first_are_told():
    with pytest.raises(TableError) as caught:
        read({"g": f"{GOOD}\n" + f"{GOOD} 2\n" * 7, "../h": GOOD}, NONE, "f")
    lines = str(caught.value).splitlines()
    assert lines[0] == "f: 8 of 9 rows cannot be used:"
    assert lines[1] == "  g, line 2: probability: expected 0 to 1, got 2"
    assert (len(lines), lines[-1]) == (7, "  and 3 more")
