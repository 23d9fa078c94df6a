"""Every format there and back: nothing is lost that it can hold."""

import json

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.core.grid import Grid
from clumpscope.core.records import CONSENSUS, LABELS
from clumpscope.core.schema import build_table, plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats import adams, authors, coco, ds9, yolo
from clumpscope.stages.labels.formats.base import Images

CORNERS = ("x1", "y1", "x2", "y2")
# No image is square: of g3 only the default is known.
GRIDS = {"g0": Grid((300, 400)), "g1": Grid((80, 120)), "g2": Grid((121, 77))}
IMAGES = Images(GRIDS.get, 200)
NONE = Images(None, 200)


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
    through = json.loads(json.dumps(coco.write(table, IMAGES)))
    same(table, coco.read(through, NONE, "x"), EVERYTHING)
    same(table, ds9.read(ds9.write(table, IMAGES), NONE, "x"), EVERYTHING)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_yolo_keeps_boxes_and_probability(seed):
    table = labels(np.random.default_rng(seed))
    back = yolo.read(yolo.write(table, IMAGES), NONE, "x")
    same(table, back, ["galaxy_id", "label", *CORNERS, "probability"])


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=15, deadline=None)
def test_authors_layout_keeps_everything(seed, consensus):
    table = labels(np.random.default_rng(seed), consensus=consensus)
    names = EVERYTHING if consensus else EVERYTHING[:8]
    same(table, authors.read(authors.write(table, NONE), NONE, "x"), names)


def test_authors_own_table_comes_back_as_it_was(gzcs):
    table = authors.write(gzcs[:50], NONE)
    assert table["local_id"].dtype.kind == "i"
    back = authors.read(table, NONE, "x")
    same(gzcs[:50], back, ["galaxy_id", "label", *CORNERS])
    assert back["zoo_id"].tolist() == table["zoo_id"].tolist()


def test_adams_keeps_positions_kind_and_completeness():
    table = labels(np.random.default_rng(0), consensus=False)
    table["completeness"] = np.linspace(0, 1, len(table))
    back = adams.read(adams.write(table, NONE), NONE, "x")
    same(table, back, ["galaxy_id", "label", "ra", "dec", "completeness"])
    assert np.isnan(plain(back, "x1")).all()


@pytest.mark.parametrize("odd", [["1", "0"], ["True", "False"], ["Y", ""], [1, 0], [True, False]])
def test_adams_as_vizier_and_journals_write_it(odd):
    given_ = Table(
        {"ObjID": [7, 8], "_RAJ2000": [1.0, 2.0], "_DEJ2000": [3.0, 4.0], "Unusual": odd}
    )
    back = adams.read(given_, NONE, "x")
    assert back["label"].tolist() == [2, 1]
    assert back["galaxy_id"].tolist() == ["7", "8"]


ONE = build_table(
    LABELS,
    {"galaxy_id": ["g"], "label": [2], "x1": [0.1], "y1": [0.2], "x2": [0.2], "y2": [0.5]},
    {},
)
WIDE = Images({"g": Grid((100, 200))}.get, 7)  # 200 px wide, 100 px high


def test_coco_by_hand():
    data = coco.write(ONE, WIDE)
    assert data["annotations"][0]["bbox"] == pytest.approx([20, 20, 20, 30])
    assert data["annotations"][0]["area"] == pytest.approx(600)
    assert data["annotations"][0]["category_id"] == 2
    assert data["images"] == [
        {"id": 1, "file_name": "g.png", "galaxy_id": "g", "width": 200, "height": 100}
    ]
    back = coco.read(data, NONE, "x")
    assert [plain(back, name)[0] for name in CORNERS] == pytest.approx([0.1, 0.2, 0.2, 0.5])


def test_ds9_by_hand():
    """The box spans columns 19.5 … 39.5 and rows 19.5 … 49.5, in DS9 counted from 1."""
    text = ds9.write(ONE, WIDE)["g"]
    assert "# image 200 x 100\n" in text
    numbers = text.split("box(")[1].split(")")[0].split(",")
    assert [float(n) for n in numbers] == pytest.approx([30.5, 35.5, 20, 30, 0])


def test_yolo_by_hand():
    words = yolo.write(ONE, WIDE)["g"].split()
    assert words[0] == "1"
    assert [float(word) for word in words[1:]] == pytest.approx([0.15, 0.35, 0.1, 0.3])


def test_authors_by_hand():
    """Pixels of the 200 px crop of a picture whose both sides are 400 px."""
    table = authors.write(ONE, WIDE)
    assert [table[name][0] for name in CORNERS] == pytest.approx([-60, -20, -20, 100])


def test_adams_boxes_and_positions_by_hand():
    """A pixel is 0.4 arcsec and the PSF 3 px: north is up, east left, the image 50 × 30 px."""
    wcs = scenes.make_wcs((30, 50), pixscale_arcsec=0.4, radec=(10.0, 0.0))
    images = Images({"g": Grid((30, 50), wcs, 3.0)}.get, 7)
    # 10 px west and 5 px north of the middle (24.5, 14.5): x 34.5, y 19.5.
    sky = {"RAJ2000": [10 - 10 * 0.4 / 3600], "DEJ2000": [5 * 0.4 / 3600]}
    back = adams.read(Table({"ObjID": ["g"], "Unusual": [0], **sky}), images, "x")
    corners = [float(plain(back, name)[0]) for name in CORNERS]
    assert corners == pytest.approx([32 / 50, 17 / 30, 38 / 50, 23 / 30], abs=1e-6)
    for name in ("ra", "dec"):
        back[name] *= np.nan
    again = adams.write(back, images)
    for name, value in sky.items():
        assert again[name][0] == pytest.approx(value[0], abs=1e-9)


def test_ds9_counts_from_one():
    """A box about the first pixel of an image has its centre at (1, 1) in DS9."""
    columns = {"galaxy_id": ["g"], "label": [1], "x1": [0.0], "y1": [0.0], "x2": [0.1], "y2": [0.2]}
    images = Images({"g": Grid((5, 10))}.get, 7)
    text = ds9.write(build_table(LABELS, columns, {}), images)["g"]
    numbers = text.split("box(")[1].split(")")[0].split(",")
    assert [float(n) for n in numbers] == pytest.approx([1, 1, 1, 1, 0])


DS9_TEXT = (
    "# Region file format: DS9 version 4.1\n"
    'global color=green dashlist=8 3 width=1 font="helvetica 10"\n'
    "image\n"
    "box(21.5,11,4,6,360) # color=orange text={knot}\n"
    "circle(3,3,2)\n"
    "box(5 5 2 2 0)\n"
)


def test_ds9_as_ds9_itself_writes_it():
    back = ds9.read({"g": DS9_TEXT}, Images({"g": Grid((25, 50))}.get, 7), "x")
    assert back["label"].tolist() == [2, 1]
    assert plain(back, "x1")[0] == pytest.approx((21.5 - 1 - 2 + 0.5) / 50)
    assert plain(back, "y2")[0] == pytest.approx((11 - 1 + 3 + 0.5) / 25)


def test_the_size_of_a_region_s_image_is_the_sample_s_else_its_own_else_the_recipe_s():
    own = DS9_TEXT + "# image 80 x 40\n"
    wide = Images({"g": Grid((25, 50))}.get, 7)
    for text, images, width, height in (
        (own, wide, 50, 25),
        (own, NONE, 80, 40),
        (DS9_TEXT, NONE, 200, 200),
    ):
        back = ds9.read({"g": text}, images, "x")
        assert plain(back, "x1")[0] == pytest.approx(19 / width)
        assert plain(back, "y2")[0] == pytest.approx(13.5 / height)


@pytest.mark.parametrize("form", [coco, ds9, yolo, authors])
def test_a_blank_box_cannot_be_written_as_one(form):
    blank = ONE.copy()
    blank["x1"] = np.nan
    with pytest.raises(TableError, match=r"labels, row 1 \(g\): expected a box, got none"):
        form.write(blank, WIDE)


def test_adams_keeps_known_positions_of_blank_boxes():
    table = labels(np.random.default_rng(0), consensus=False)
    for name in CORNERS:
        table[name] = np.nan
    back = adams.write(table, Images({"g0": Grid((30, 50), scenes.make_wcs((30, 50)), 3.0)}.get, 7))
    assert back["RAJ2000"].tolist() == plain(table, "ra").tolist()
    table["ra"][3] = np.nan * table["ra"].unit
    with pytest.raises(TableError, match=r"row 4 \(g.\): expected ra and dec, or --sample"):
        adams.write(table, NONE)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: coco.read({"images": []}, NONE, "f"), "f: COCO: expected annotations, a list"),
        (
            lambda: coco.read(
                {
                    "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 8}],
                    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 1, -3, 2]}],
                },
                NONE,
                "f",
            ),
            "annotation 1: .*bbox",
        ),
        (lambda: yolo.read({"g": "0 .5 .5 .1 .1\n0 x 1 1 1\n"}, NONE, "f"), "f, g, line 2"),
        (lambda: yolo.read({"g": "0 .5 .5 .1 0\n"}, NONE, "f"), "f, g, line 1"),
        (
            lambda: yolo.read({"g": "4 .5 .5 .1 .1\n"}, NONE, "f"),
            "f, g, line 1, class: expected 0 or 1 .odd clump., got 4",
        ),
        (lambda: yolo.read({"../g": "0 .5 .5 .1 .1\n"}, NONE, "f"), r"galaxy_id.*got '\.\./g'"),
        (lambda: ds9.read({"g": "image\nbox(1,1,2,2,30)"}, IMAGES, "f"), "f, g, line 2"),
        (lambda: ds9.read({"g": "icrs\nbox(1,1,2,2,0)"}, IMAGES, "f"), "image pixels, got icrs"),
        (lambda: authors.read(Table({"label": [1]}), NONE, "f"), "none named local_id"),
        (lambda: adams.read(Table({"ObjID": [1], "RA": [1.0]}), NONE, "f"), "dej2000"),
        (
            lambda: adams.read(
                Table({"ObjID": [1], "RA": [1.0], "Dec": [1.0], "Unusual": ["maybe"]}), NONE, "f"
            ),
            r"f, row 1 \(1\): Unusual: expected yes or no, got 'maybe'",
        ),
        (
            lambda: adams.read(
                Table({"ObjID": [7], "RA": ["x"], "Dec": [1.0], "Unusual": [1]}), NONE, "f"
            ),
            r"f, row 1 \(7\): RA: expected a number, got x",
        ),
    ],
)
def test_what_does_not_fit_is_named(read, message):
    with pytest.raises(TableError, match=message):
        read()
