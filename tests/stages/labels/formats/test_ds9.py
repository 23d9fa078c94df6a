"""DS9 regions of others: what is read, and what is refused."""

import pytest

from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.ds9 import read

NONE = Images(None, 200)
LONG = "1" + "0" * 400


def test_tags_say_nothing_of_galaxy_class_or_box():
    tags = "tag={galaxy_id=../x} tag={label=2} tag={x1=0.9} tag={p_odd=0.5} tag={mine=abc}"
    found = read({"g": f"image\nbox(11,11,2,2,0) # {tags}"}, NONE, "f")
    assert (found["galaxy_id"][0], found["label"][0], found["p_odd"][0]) == ("g", 1, 0.5)
    assert plain(found, "x1")[0] == pytest.approx((11 - 1 - 1 + 0.5) / 200)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("box(nan,5,2,2,0)", r": expected box\(x, y, w, h, 0\), got box\(nan"),
        ("box(5,5,inf,2,0)", r": expected box\(x, y, w, h, 0\)"),
        (f"box({LONG},5,2,2,0)", r": expected box\(x, y, w, h, 0\)"),
        ("box(5,5,2,2,inf)", r": expected box\(x, y, w, h, 0\)"),
        ("box", r": expected box\(x, y, w, h, 0\), got box"),
        ("box(9999,5,2,2,0)", ": x1, y1, x2, y2: expected a box near the image"),
        ("box(5,5,2,2,0) # tag={p_odd=abc}", ", tag p_odd: expected a number, got abc"),
        ("box(5,5,2,2,0) # tag={p_odd=}", ", tag p_odd: expected a number, got "),
        ("box(5,5,2,2,0) # tag={p_odd=7}", ": p_odd: expected 0 to 1, got 7"),
        ("box(5,5,2,2,0) # tag={p_odd=inf}", ": p_odd: expected a number that is finite, got inf"),
        ("box(5,5,2,2,0) # tag={n_marks=1e30}", ": n_marks: expected a number from"),
        ("box(" + " " * 50_000 + ")x", ": expected at most 10,000 characters, got 50,006"),
    ],
)
def test_a_line_that_cannot_be_is_named(line, problem):
    with pytest.raises(TableError, match=f"^f, g, line 2{problem}") as caught:
        read({"g": f"image\n{line}\nbox(5,5,2,2,0)"}, NONE, "f")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("size", ["0 x 4", "4 x 0", f"{LONG} x 4", "4 x 1000000"])
def test_sizes_that_no_image_has(size):
    with pytest.raises(TableError, match="^f, g: expected # image WIDTH x HEIGHT, px, got # image"):
        read({"g": f"# image {size}\nimage\nbox(5,5,2,2,0)"}, NONE, "f")
