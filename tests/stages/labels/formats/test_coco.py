"""COCO files of others: what is read, what is refused, and that nothing else happens."""

import math

import pytest

from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.coco import read

NONE = Images(None, 200)
CORNERS = ("x1", "y1", "x2", "y2")
LONG = 10**400


def image(**changes):
    return {"id": 1, "file_name": "a.png", "width": 10, "height": 8, **changes}


def annotation(**changes):
    return {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], **changes}


def data(one=None, box=None, **more):
    boxes = [annotation(), *([box] if box else [])]
    return {"images": [one or image()], "annotations": boxes, **more}


def told(found):
    return [plain(found, name)[-1].item() for name in ("galaxy_id", "label", *CORNERS)]


EXPECTED = ["a", 1, 0.1, 0.25, 0.4, 0.75]


@pytest.mark.parametrize(
    "given",
    [
        data(),
        data(image(file_name="folder/a.jpg")),
        data(image(galaxy_id="a", file_name=None)),
        data(image(id="one"), annotation(image_id="one"))
        | {"annotations": [annotation(image_id="one")] * 2},
        data(box=annotation(attributes=None)),
        data(
            box=annotation(attributes={"occluded": False, "probability": None, "n_marks": math.nan})
        ),
        data(box=annotation(attributes={"galaxy_id": "../x", "label": 2, "x1": 0.3, "y2": "no"})),
    ],
)
def test_what_is_read(given):
    """Attributes say nothing of the galaxy, its class or its box."""
    assert told(read(given, NONE, "f")) == pytest.approx(EXPECTED)


def test_known_attributes_are_kept():
    about = {"probability": 0.5, "p_odd": 1, "n_marks": 3.0, "ra": 10, "dec": -90.0}
    found = read(data(box=annotation(attributes=about)), NONE, "f")
    assert {name: plain(found, name)[1] for name in about} == about
    assert math.isnan(found["probability"][0])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (data(image(width=0)), "width of the image: expected a number from 1 to 1e.06, got 0"),
        (data(image(height=LONG)), "height of the image: expected a number from"),
        (data(image(width="9")), "width of the image: expected a number, got '9'"),
        (data(image(galaxy_id="../x")), "galaxy_id: expected 1 to 64 .*, got '../x'"),
        (data(image(galaxy_id="/x")), "galaxy_id: expected 1 to 64 .*, got '/x'"),
        (data(image(galaxy_id="x\0")), "galaxy_id: expected text without NUL"),
        (data(image(galaxy_id="\ud800")), r"galaxy_id: expected 1 to 64 .*, got '\\ud800'"),
        (data(image(file_name=None)), "expected file_name, a str"),
        (data(box=annotation(bbox=[LONG, 1, 1, 1])), "bbox: expected x, y, w > 0, h > 0, got"),
        (data(box=annotation(bbox=[1, math.inf, 1, 1])), "bbox: expected .*, got .1, inf"),
        (data(box=annotation(bbox=[1, 1, math.nan, 1])), "bbox: expected .*, got .1, 1, nan"),
        (data(box=annotation(bbox=[1, 1, 0, 1])), "bbox: expected"),
        (data(box=annotation(bbox=[1, 1])), "bbox: expected"),
        (data(box=annotation(bbox="1234")), "expected bbox, a list"),
        (data(box=annotation(bbox=[100, 1, 1, 1])), "expected a box near the image"),
        (data(box=annotation(image_id=9)), "image_id: expected an id that is there, got 9"),
        (data(box=annotation(category_id=[1])), "expected category_id, a number or text"),
        (data(box=annotation(attributes={"n_marks": 1e30})), "n_marks: expected a number from"),
        (data(box=annotation(attributes={"n_marks": 1.5})), "n_marks: expected a whole number"),
        (data(box=annotation(attributes={"n_looks": -1})), "n_looks: expected 0 or more, got -1"),
        (data(box=annotation(attributes={"n_looks": [1]})), "n_looks: expected a number"),
        (
            data(box=annotation(attributes={"probability": 9})),
            "probability: expected 0 to 1, got 9",
        ),
        (
            data(box=annotation(attributes={"p_odd": "high"})),
            "p_odd: expected a number, got 'high'",
        ),
        (data(box=annotation(attributes={"tool_mean": LONG})), "tool_mean: expected a number"),
        (data(box=annotation(attributes={"dec": 91})), "dec: expected degrees within 90 of 0"),
        (data(box=7), "expected image_id, a number or text, got 7"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(given, problem):
    with pytest.raises(TableError, match=rf"^f, annotation [12]: .*{problem}") as caught:
        read(given, NONE, "f")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"images": {}, "annotations": []},
        {"images": [7], "annotations": []},
        {"images": [image(id=[1])], "annotations": []},
        {"images": [image(), image()], "annotations": []},
        {"images": [], "annotations": 7},
        data(categories=7),
        data(categories=[7]),
    ],
)
def test_other_objects_are_named(given):
    with pytest.raises(TableError, match="^f: COCO: expected "):
        read(given, NONE, "f")
