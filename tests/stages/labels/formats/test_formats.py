"""Every format there and back: nothing is lost that it can hold."""

import json

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.records import CONSENSUS, LABELS
from clumpscope.core.schema import build_table, plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats import adams, authors, coco, ds9, yolo

CORNERS = ("x1", "y1", "x2", "y2")
SIZE = (400, 300)


def labels(rng, n=12, consensus=True):
    low = rng.uniform(-0.02, 0.9, (n, 2))
    corners = np.hstack([low, low + rng.uniform(0.01, 0.1, (n, 2))])
    columns = {
        "galaxy_id": np.sort([f"g{k}" for k in rng.integers(0, 4, n)]),
        "label": rng.integers(1, 3, n),
        **dict(zip(CORNERS, corners.T, strict=True)),
        "ra": rng.uniform(0, 360, n),
        "dec": rng.uniform(-90, 90, n),
    }
    if consensus:
        columns |= {
            "probability": np.where(rng.random(n) < 0.3, np.nan, rng.random(n)),
            "p_odd": rng.random(n),
            "tool_mean": rng.random(n),
            "n_marks": rng.integers(1, 20, n),
            "n_looks": rng.integers(20, 30, n),
        }
    return build_table([*LABELS, *(CONSENSUS if consensus else [])], columns, {})


def same(a, b, names):
    for name in names:
        x, y = plain(a, name), plain(b, name)
        if x.dtype.kind == "f":
            assert np.allclose(x, y, rtol=1e-12, atol=1e-13, equal_nan=True), name
        else:
            assert x.tolist() == y.tolist(), name


EVERYTHING = ["galaxy_id", "label", *CORNERS, "ra", "dec", *(spec.name for spec in CONSENSUS)]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_coco_and_ds9_keep_everything(seed):
    table = labels(np.random.default_rng(seed))
    sizes = {"g1": (120, 80)}
    through = json.loads(json.dumps(coco.to_coco(table, sizes, SIZE)))
    same(table, coco.from_coco(through, "x"), EVERYTHING)
    same(table, ds9.from_ds9(ds9.to_ds9(table, sizes, SIZE), {}, (1, 1)), EVERYTHING)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_yolo_keeps_boxes_and_probability(seed):
    table = labels(np.random.default_rng(seed))
    same(
        table, yolo.from_yolo(yolo.to_yolo(table)), ["galaxy_id", "label", *CORNERS, "probability"]
    )


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=15, deadline=None)
def test_authors_layout_keeps_everything(seed, consensus):
    table = labels(np.random.default_rng(seed), consensus=consensus)
    names = EVERYTHING if consensus else EVERYTHING[:8]
    same(table, authors.from_authors(authors.to_authors(table), "x"), names)


def test_authors_own_table_comes_back_as_it_was(gzcs):
    table = authors.to_authors(gzcs[:50])
    assert table["local_id"].dtype.kind == "i"
    back = authors.from_authors(table, "x")
    same(gzcs[:50], back, ["galaxy_id", "label", *CORNERS])
    assert back["zoo_id"].tolist() == table["zoo_id"].tolist()


def test_adams_keeps_positions_kind_and_completeness():
    table = labels(np.random.default_rng(0), consensus=False)
    table["completeness"] = np.linspace(0, 1, len(table))
    back = adams.from_adams(adams.to_adams(table), "x")
    same(table, back, ["galaxy_id", "label", "ra", "dec", "completeness"])
    assert np.isnan(plain(back, "x1")).all()


@pytest.mark.parametrize("odd", [["1", "0"], ["True", "False"], ["Y", ""], [1, 0], [True, False]])
def test_adams_as_vizier_and_journals_write_it(odd):
    given_ = Table(
        {"ObjID": [7, 8], "_RAJ2000": [1.0, 2.0], "_DEJ2000": [3.0, 4.0], "Unusual": odd}
    )
    back = adams.from_adams(given_, "x")
    assert back["label"].tolist() == [2, 1]
    assert back["galaxy_id"].tolist() == ["7", "8"]


def test_coco_by_hand():
    table = build_table(
        LABELS,
        {"galaxy_id": ["g"], "label": [2], "x1": [0.1], "y1": [0.2], "x2": [0.2], "y2": [0.5]},
        {},
    )
    data = coco.to_coco(table, {}, (200, 100))
    assert data["annotations"][0]["bbox"] == pytest.approx([20, 20, 20, 30])
    assert data["annotations"][0]["category_id"] == 2
    assert data["images"] == [
        {"id": 1, "file_name": "g.png", "galaxy_id": "g", "width": 200, "height": 100}
    ]


def test_ds9_counts_from_one():
    """A box about the first pixel of a 10 × 10 image has its centre at (1, 1) in DS9."""
    columns = {"galaxy_id": ["g"], "label": [1], "x1": [0.0], "y1": [0.0], "x2": [0.1], "y2": [0.1]}
    text = ds9.to_ds9(build_table(LABELS, columns, {}), {}, (10, 10))["g"]
    numbers = text.split("box(")[1].split(")")[0].split(",")
    assert [float(n) for n in numbers] == pytest.approx([1, 1, 1, 1, 0])


def test_ds9_as_ds9_itself_writes_it():
    text = (
        "# Region file format: DS9 version 4.1\n"
        'global color=green dashlist=8 3 width=1 font="helvetica 10"\n'
        "image\n"
        "box(21.5,11,4,6,360) # color=orange text={knot}\n"
        "circle(3,3,2)\n"
        "box(5 5 2 2 0)\n"
    )
    back = ds9.from_ds9({"g": text}, {"g": (50, 25)}, (1, 1))
    assert back["label"].tolist() == [2, 1]
    assert plain(back, "x1")[0] == pytest.approx((21.5 - 1 - 2 + 0.5) / 50)
    assert plain(back, "y2")[0] == pytest.approx((11 - 1 + 3 + 0.5) / 25)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: coco.from_coco({"images": []}, "f"), "f.*COCO annotations, got KeyError"),
        (
            lambda: coco.from_coco(
                {
                    "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
                    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 1, -3, 2]}],
                },
                "f",
            ),
            "annotation 1: .*bbox",
        ),
        (lambda: yolo.from_yolo({"g": "0 .5 .5 .1 .1\n0 x 1 1 1\n"}), "g.txt, line 2"),
        (lambda: yolo.from_yolo({"g": "0 .5 .5 .1 0\n"}), "g.txt, line 1"),
        (lambda: yolo.from_yolo({"g": "4 .5 .5 .1 .1\n"}), "label: expected 1 or 2, got 5"),
        (lambda: ds9.from_ds9({"g": "image\nbox(1,1,2,2,30)"}, {}, SIZE), "g.reg, line 2"),
        (lambda: ds9.from_ds9({"g": "icrs\nbox(1,1,2,2,0)"}, {}, SIZE), "image pixels, got icrs"),
        (lambda: authors.from_authors(Table({"label": [1]}), "f"), "none named local_id"),
        (lambda: adams.from_adams(Table({"ObjID": [1], "RA": [1.0]}), "f"), "dej2000"),
        (
            lambda: adams.from_adams(
                Table({"ObjID": [1], "RA": [1.0], "Dec": [1.0], "Unusual": ["maybe"]}), "f"
            ),
            "yes or no, got 'maybe'",
        ),
    ],
)
def test_what_does_not_fit_is_named(read, message):
    with pytest.raises(TableError, match=message):
        read()
