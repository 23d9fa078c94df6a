"""Contact sheets: what is drawn lies where the closed form says."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_hex

import scenes
from clumpscope.errors import FolderError
from clumpscope.plot import Panel, contact_sheet, save

SHAPE = (40, 60)
SIDE, GAP, TITLE, FOOT = 256, 8, 22, 44  # cells
BLUE, ORANGE = "#56b4e9", "#e69f00"


def panel(n=2, **changes):
    values = {
        "title": "g",
        "rgb": np.zeros((*SHAPE, 3), dtype=np.float32),
        "wcs": scenes.make_wcs(SHAPE, rotation_deg=90.0),
        "outline": np.zeros(SHAPE, dtype=bool),
        "xy": np.array([[35.0, 22.0], [25.0, 15.0]])[:n],
        "label": np.array([1, 2])[:n],
        "box": np.array([[33.0, 20.0, 37.0, 24.0], [22.0, 12.0, 28.0, 18.0]])[:n],
        "aperture_px": 3.0,
    }
    return Panel(**{**values, **changes})


def marks(figure):
    """(outlines in cells, colours, widths) of all boxes and circles of each panel, in order."""
    ax = figure.axes[0]
    found = []
    for item in ax.collections:
        if isinstance(item, PatchCollection):
            place = item.get_transform() - ax.transData
            paths = [place.transform_path(path) for path in item.get_paths()]
            boxes = np.array([path.get_extents().extents for path in paths]).reshape(-1, 4)
            colours = [to_hex(colour) for colour in item.get_edgecolors()]
            found.append((boxes, colours, list(item.get_linewidths())))
    return found


def cell(xy, zoom=0.62, corner=(GAP, FOOT), shape=SHAPE):
    """Cell of a native position when north runs along the columns: x = up, y = left or right."""
    half = zoom * max(shape) / 2
    offset = np.asarray(xy, dtype=float) - (np.array(shape[::-1]) - 1) / 2
    wcs = scenes.make_wcs(shape, rotation_deg=90.0)
    centre = wcs.pixel_to_world((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    where = wcs.pixel_to_world(*np.asarray(xy, dtype=float))
    east, north = (o.arcsec / scenes.PIXSCALE for o in centre.spherical_offsets_to(where))
    assert np.hypot(east, north) == pytest.approx(np.hypot(*offset), rel=1e-4)
    return np.array(corner) + SIDE / 2 + np.array([-east, north]) * SIDE / (2 * half)


def test_boxes_and_apertures_lie_where_the_sky_says():
    (boxes, colours, _), *rest = marks(contact_sheet([panel()], columns=1))
    assert not rest
    assert colours == [BLUE, ORANGE, BLUE, ORANGE]
    scale = SIDE / (0.62 * 60)
    for k, (xy, half) in enumerate(
        (((35, 22), 2.0), ((25, 15), 3.0), ((35, 22), 3.0), ((25, 15), 3.0))
    ):
        centre = cell(xy)
        assert boxes[k] == pytest.approx(
            [*(centre - half * scale), *(centre + half * scale)], abs=0.1
        )


def test_panels_follow_each_other_in_rows():
    figure = contact_sheet([panel(1), panel(1), panel(1)], columns=2)
    centres = [(one[0][:2] + one[0][2:]) / 2 for one, _, _ in marks(figure)]
    first = cell((35, 22), corner=(GAP, FOOT + SIDE + TITLE))
    assert centres[0] == pytest.approx(first, abs=0.1)
    assert centres[1] - centres[0] == pytest.approx([SIDE + GAP, 0])
    assert centres[2] - centres[0] == pytest.approx([0, -SIDE - TITLE])


def test_pixels_lie_under_their_marks():
    rgb = np.zeros((*SHAPE, 3), dtype=np.float32)
    rgb[22, 35] = [1, 0, 0]
    figure = contact_sheet([panel(1, rgb=rgb)])
    shown = figure.axes[0].images[0].get_array()
    red = np.argwhere(shown[..., 0] == 255)
    assert red.mean(axis=0)[::-1] + 0.5 == pytest.approx(cell((35, 22)), abs=0.6)
    assert len(red) == pytest.approx((SIDE / (0.62 * 60)) ** 2, rel=0.05)


def test_a_picture_without_wcs_runs_down():
    plain = panel(1, wcs=None, downward=True)
    boxes = marks(contact_sheet([plain]))[0][0]
    offset = (boxes[0][:2] + boxes[0][2:]) / 2 - (np.array([GAP, FOOT]) + SIDE / 2)
    assert offset / (SIDE / (0.62 * 60)) == pytest.approx([35 - 29.5, -(22 - 19.5)])


def test_outlines_of_neighbouring_panels_do_not_meet():
    """A host that fills its panels has no outline; one in the middle has its own border."""
    full = panel(0, outline=np.ones(SHAPE, dtype=bool), wcs=None)
    figure = contact_sheet([replace(full, rgb=np.zeros((*SHAPE, 3), np.float32)), full], zoom=0.5)
    assert all(len(path.vertices) == 0 for item in figure.axes[0].collections
               if not isinstance(item, PatchCollection) for path in item.get_paths())  # fmt: skip
    y, x = np.indices(SHAPE)
    disk = panel(0, outline=np.hypot(x - 29.5, y - 19.5) < 8, wcs=None)
    figure = contact_sheet([disk])
    (contour,) = [c for c in figure.axes[0].collections if not isinstance(c, PatchCollection)]
    points = np.vstack([path.vertices for path in contour.get_paths()])
    radius = np.hypot(*(points - [GAP + SIDE / 2, FOOT + SIDE / 2]).T) / (SIDE / (0.62 * 60))
    assert radius == pytest.approx(np.full(len(points), 8.0), abs=1.0)


def test_marked_clumps_are_thick_and_named():
    figure = contact_sheet([panel(strong=np.array([False, True]))], strong="BLENDED")
    assert marks(figure)[0][2] == [0.9, 2.2, 0.9, 2.2]
    assert "BLENDED" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_titles_tell_the_side_in_arcsec_and_the_legend_what_is_there():
    known = panel(pixscale_arcsec=0.396, truth_xy=np.array([[30.0, 20.0]]))
    words = [
        ([text.get_text() for text in figure.axes[0].texts],
         [text.get_text() for text in figure.legends[0].get_texts()])
        for figure in (contact_sheet([known]), contact_sheet([panel()]))
    ]  # fmt: skip
    assert words[0][0] == [f"g  ({0.62 * 60 * 0.396:.0f}″)"]
    assert words[1][0] == ["g"]
    assert "true clump ≥ 1 %" in words[0][1]
    assert "true clump ≥ 1 %" not in words[1][1]


def test_true_clumps_are_crosses_at_their_place():
    figure = contact_sheet([panel(truth_xy=np.array([[35.0, 22.0]]))])
    (crosses,) = figure.axes[0].lines
    assert np.column_stack(crosses.get_data())[0] == pytest.approx(cell((35, 22)), abs=0.1)


def test_a_sheet_is_as_large_as_its_pixels(tmp_path):
    from PIL import Image

    save(contact_sheet([panel()] * 7), tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.size == (6 * (SIDE + GAP) + GAP, 2 * (SIDE + TITLE) + FOOT)
    with pytest.raises(FolderError, match=r"ending in .png, got sheet.jpg"):
        save(contact_sheet([panel()]), tmp_path / "sheet.jpg")
