"""Own lists: every way to say where a clump is and what it is, and what cannot be used."""

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

import labelled
import scenes
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.grid import Grid
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.stages.labels.formats.base import Images
from clumpscope.stages.labels.formats.csv import FORMAT
from places import DOCS

CORNERS = ("x1", "y1", "x2", "y2")
GRIDS = {
    name: Grid(shape, labelled.wcs_of(name), labelled.FWHM[name] / scenes.PIXSCALE)
    for name, shape in labelled.SHAPES.items()
} | {"bare": Grid((40, 90))}  # without a WCS
IMAGES = Images(GRIDS.get, 200)
NONE = Images(None, 200)
POINTS = labelled.points()


def read(images=IMAGES, **columns):
    return FORMAT.read(Table(columns), images, "t.csv")


def corners(table):
    return np.column_stack([plain(table, name) for name in CORNERS])


def native(table):
    """Boxes in pixels of their images."""
    pairs = zip(table["galaxy_id"], corners(table), strict=True)
    return np.array([boxes_fraction_to_native(box, GRIDS[name].shape)[0] for name, box in pairs])


def given_as(*names):
    return {name: POINTS[name] for name in ("galaxy_id", *names)}


@pytest.mark.parametrize("names", [("x", "y"), ("ra", "dec"), ("x", "y", "ra", "dec")])
def test_places_of_every_kind_become_boxes_of_two_psf_widths(names):
    found = read(**given_as(*names, "label"))
    expected = labelled.labels()
    assert found["galaxy_id"].tolist() == expected["galaxy_id"].tolist()
    assert found["label"].tolist() == POINTS["label"]
    x, y, half = (np.array(POINTS[name]) for name in ("x", "y", "fwhm_px"))
    by_hand = np.column_stack([x - half, y - half, x + half, y + half])
    assert np.abs(native(found) - by_hand).max() < 0.01
    assert plain(found, "ra") == pytest.approx(POINTS["ra"], abs=1e-7)
    assert plain(found, "dec") == pytest.approx(POINTS["dec"], abs=1e-7)
    assert "probability" not in found.colnames


def test_the_usual_other_names_will_do():
    points = {"_RAJ2000": POINTS["ra"], "_DEJ2000": POINTS["dec"], "objid": POINTS["galaxy_id"]}
    assert (corners(read(**points)) == corners(read(**given_as("ra", "dec")))).all()


def test_the_order_of_the_rows_is_kept():
    order = [4, 0, 5, 2, 1, 3]
    mixed = {name: [values[k] for k in order] for name, values in given_as("x", "y").items()}
    assert (corners(read(**mixed)) == corners(read(**given_as("x", "y")))[order]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_there_and_back(seed):
    """Boxes of any shape, with and without a sample, and from the places that it gives."""
    rng = np.random.default_rng(seed)
    table = labelled.labels()
    low = rng.uniform(0, 0.8, (len(table), 2))
    for name, values in zip(
        CORNERS, np.hstack([low, low + rng.uniform(0.01, 0.2, low.shape)]).T, strict=True
    ):
        table[name] = values
    table["probability"] = np.where(rng.random(len(table)) < 0.3, np.nan, rng.random(len(table)))
    sent = FORMAT.write(table, IMAGES)
    assert sent.colnames == ["galaxy_id", "x", "y", "ra", "dec", "label", *CORNERS, "probability"]
    assert [sent["x"][0], sent["y"][0]] == pytest.approx(
        [native(table)[0, [0, 2]].mean(), native(table)[0, [1, 3]].mean()]
    )
    for images in (IMAGES, NONE):
        back = FORMAT.read(FORMAT.write(table, images), images, "x")
        for name in ("galaxy_id", "label", *CORNERS):
            assert back[name].tolist() == pytest.approx(table[name].tolist(), abs=1e-12), name
        if np.isfinite(plain(table, "probability")).any():
            np.testing.assert_array_equal(back["probability"], table["probability"])
    for pair in (("x", "y"), ("ra", "dec")):
        again = read(**{name: sent[name].tolist() for name in ("galaxy_id", *pair)}, size=[4] * 6)
        middle = (native(table)[:, :2] + native(table)[:, 2:]) / 2
        assert np.abs(native(again) - np.hstack([middle - 2, middle + 2])).max() < 0.01


def test_without_a_sample_places_are_blank_and_positions_those_of_the_labels():
    sent = FORMAT.write(labelled.labels(), NONE)
    assert sent["x"].mask.all()
    assert sent["y"].mask.all()
    assert sent["ra"].tolist() == POINTS["ra"]
    assert sent["probability"].mask.all()


@pytest.mark.parametrize("name", ["label", "Class", "clump_label_id"])
def test_classes_by_number_or_word(name):
    said = ["1", "2", "clump", "Odd Clump", " odd", "normal"]
    found = read(**given_as("x", "y"), **{name: said})
    assert found["label"].tolist() == [1, 2, 1, 2, 2, 1]
    for kind in (int, float):  # floats are how tables with gaps come
        numbers = read(**given_as("x", "y"), **{name: np.array([1, 2, 1, 2, 2, 1], dtype=kind)})
        assert numbers["label"].tolist() == [1, 2, 1, 2, 2, 1]


def test_without_a_class_it_is_a_clump():
    assert read(**given_as("x", "y"))["label"].tolist() == [1] * 6
    blank = MaskedColumn([2] * 6, mask=[True] + [False] * 5)
    for gap in (blank, [np.nan, 2, 2, 2, 2, 2], ["", *"22222"]):
        assert read(**given_as("x", "y"), label=gap)["label"].tolist() == [1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("name", ["size", "side_px"])
def test_a_size_is_the_side_of_the_box_in_pixels(name):
    size = MaskedColumn([8.0] * 6, mask=[False] * 5 + [True])
    side = native(read(**given_as("x", "y"), **{name: size}))
    assert side[:, 2:] - side[:, :2] == pytest.approx(
        np.repeat([[8]] * 5 + [[2 * POINTS["fwhm_px"][5]]], 2, axis=1)
    )


def test_rows_may_differ_in_what_they_have():
    nan = np.nan
    found = read(
        galaxy_id=["a1", "a1", "b2", "bare"],
        x=[POINTS["x"][0], nan, nan, 60.0],
        y=[POINTS["y"][0], nan, nan, 30.0],
        ra=[nan, POINTS["ra"][1], nan, nan],
        dec=[nan, POINTS["dec"][1], nan, nan],
        x1=[nan, nan, 0.1, nan],
        y1=[nan, nan, 0.2, nan],
        x2=[nan, nan, 0.3, nan],
        y2=[nan, nan, 0.4, nan],
        size=[nan, nan, nan, 9.0],
        probability=[0.5, nan, 1, 0],
    )
    assert corners(found)[:2] == pytest.approx(corners(labelled.labels())[:2], abs=1e-6)
    assert corners(found)[2].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert native(found)[3] == pytest.approx([55.5, 25.5, 64.5, 34.5])
    np.testing.assert_array_equal(found["probability"], [0.5, nan, 1, 0])
    assert np.isnan(plain(found, "ra")[3])


def test_boxes_need_no_sample():
    found = read(NONE, galaxy_id=["g"], x1=[0.1], y1=[0.2], x2=[0.3], y2=[0.4], ra=[5.0], dec=[6.0])
    assert corners(found)[0].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert [plain(found, "ra")[0], plain(found, "dec")[0]] == [5, 6]


def test_points_need_one():
    with pytest.raises(TableError, match=r"--sample: expected the images of the points in t\.csv"):
        read(NONE, **given_as("x", "y"))


def test_sky_and_pixels_must_agree_to_half_a_pixel():
    near = [x + 0.45 for x in POINTS["x"]]
    found = read(**given_as("y", "ra", "dec"), x=near)
    assert native(found)[:, [0, 2]].mean(axis=1) == pytest.approx(near)
    far = [*near[:4], near[4] + 0.2, near[5]]
    with pytest.raises(TableError, match=r"row 5 \(b2\): place: .*within 0\.5 px, got 0\.65 px"):
        read(**given_as("y", "ra", "dec"), x=far)
    boxed = dict(zip(CORNERS, corners(labelled.labels()).T.tolist(), strict=True))
    with pytest.raises(TableError, match=r"row 5 \(b2\): place: .*within 0\.5 px, got 0\.65 px"):
        read(**given_as("y", "ra", "dec"), **boxed, x=far)


def test_the_example_of_the_documentation():
    page = (DOCS / "consensus.md").read_text(encoding="utf-8")
    table = Table.read(page.split("```text\n")[1].split("```")[0].splitlines(), format="ascii.csv")
    found = FORMAT.read(table, Images(lambda _: Grid((50, 80), None, 3.0), 200), "docs")
    assert found["label"].tolist() == [1, 2]
    box = boxes_fraction_to_native(corners(found), (50, 80))
    assert box == pytest.approx(
        np.array([[49.1, 37.3, 55.1, 43.3], [58, 25.75, 64, 31.75]]), abs=1e-9
    )


BOX = {"x1": 0.1, "y1": 0.2, "x2": 0.3, "y2": 0.4}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"galaxy_id": "zz", "x": 1.0, "y": 1.0}, "galaxy_id: .* of the sample, got zz"),
        ({"galaxy_id": "zz", **BOX}, "galaxy_id: expected a galaxy of the sample, got zz"),
        ({"galaxy_id": "../a", **BOX}, r"galaxy_id: expected 1 to 64 .* got '\.\./a'"),
        ({"galaxy_id": "M 1/2", **BOX}, "galaxy_id: .* of the sample, got M_1_2"),
        ({"galaxy_id": "a" * 65, **BOX}, "galaxy_id: expected 1 to 64 characters"),
        ({"galaxy_id": "", **BOX}, "galaxy_id: expected 1 to 64 characters"),
        # 80 px wide and 48 high: what fits one way does not fit the other.
        (
            {"x": 50.0, "y": 60.0},
            "place: expected one on the image of 80 × 48 px, got x 50.0, y 60.0",
        ),
        ({"x": -0.6, "y": 0.0}, "place: expected one on the image of 80 × 48 px"),
        ({"x": 79.6, "y": 0.0}, "place: expected one on the image of 80 × 48 px"),
        ({"x": 0.0, "y": 47.6}, "place: expected one on the image of 80 × 48 px"),
        ({"ra": 150.1, "dec": 20.0}, "place: expected one on the image of 80 × 48 px"),
        ({"x": "3", "y": "abc"}, "y: expected a number, got abc"),
        ({"x": 3.0, "y": np.nan}, "place: expected x, y or ra, dec or x1, y1, .* got none"),
        ({"x": 3.0, "dec": 4.0, "y": np.nan, "ra": np.nan}, "place: expected x, y or"),
        ({"x": 3.0, "y": 4.0, "size": 0.0}, "size: expected a side above 0 px, got 0"),
        ({"x": 3.0, "y": 4.0, "label": 3}, "label: expected 1, clump .*, got 3"),
        ({"x": 3.0, "y": 4.0, "label": "knot"}, "label: expected 1, clump .*, got knot"),
        ({**BOX, "probability": 1.5}, "probability: expected 0 to 1, got 1.5"),
        ({**BOX, "probability": -0.1}, "probability: expected 0 to 1, got -0.1"),
        ({**BOX, "x1": 0.3}, "box: expected x1 < x2 and y1 < y2, got 0.3, 0.2, 0.3, 0.4"),
        ({**BOX, "y2": np.nan}, "box: expected x1, y1, x2 and y2, got 0.1, 0.2, 0.3, nan"),
        ({**BOX, "x2": 2.0}, "box: expected fractions of the image.*got 0.1, 0.2, 2, 0.4"),
        ({"galaxy_id": "bare", "ra": 150.0, "dec": 20.0}, "ra, dec: expected an image with"),
        ({"galaxy_id": "bare", "x": 60.0, "y": 30.0}, "size: expected a side in px"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_the_reason(row, message):
    names = ("x", "y", "ra", "dec", *CORNERS, "size", "probability")
    blank = {"galaxy_id": "a1", "label": 1, **dict.fromkeys(names, np.nan)}
    good, bad = blank | {"x": 3.0, "y": 4.0, "size": 5.0}, blank | row
    both = {name: [str(good[name]), str(bad[name])] for name in blank}
    with pytest.raises(TableError, match=rf"^t\.csv, row 2 \(.*\): {message}") as caught:
        read(**both)
    assert "\n" not in str(caught.value)


def test_the_edges_of_the_image_are_on_it():
    corner = read(galaxy_id=["a1", "a1"], x=[-0.5, 79.5], y=[-0.5, 47.5])
    assert native(corner)[:, :2] + POINTS["fwhm_px"][0] == pytest.approx(
        np.array([[-0.5, -0.5], [79.5, 47.5]])
    )


def test_of_many_bad_rows_five_are_told():
    with pytest.raises(TableError, match="8 of 9 rows") as caught:
        read(galaxy_id=["a1"] * 9, x=[5.0, *range(81, 89)], y=[5.0] * 9)
    told = str(caught.value).splitlines()
    assert len(told) == 7
    assert told[1].startswith("  row 2 (a1): place: expected one on the image of 80 × 48 px")
    assert told[-1] == "  and 3 more"


@pytest.mark.parametrize(
    "columns",
    [
        {"x": [1.0], "y": [1.0]},
        {"galaxy_id": ["a1"], "x": [1.0], "dec": [1.0]},
        {"galaxy_id": ["a1"], "x1": [0.1], "y1": [0.1], "x2": [0.2]},
    ],
)
def test_columns_that_are_missing(columns):
    expected = r"t\.csv: expected columns galaxy_id and x, y or ra, dec or x1, y1, x2, y2, got"
    with pytest.raises(TableError, match=expected):
        read(**columns)
