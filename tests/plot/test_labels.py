"""What a picture shows is there: looked for in its pixels."""

import numpy as np
from astropy.table import Table
from PIL import Image

from clumpscope.plot.labels import MarkedImage, heat_map, marks_sheet, skill_map, vote_curves


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def count(path, colour, tolerance=12):
    """Pixels of a colour such as "#56B4E9"."""
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return int((np.abs(pixels(path) - wanted).max(axis=2) <= tolerance).sum())


def image(boxes, downward=True):
    boxes = np.array(boxes, dtype=float).reshape(-1, 4)
    n = len(boxes)
    rgb = np.zeros((50, 50, 3), dtype=np.float32)
    rgb[:20] = [1, 0, 0]  # the first rows are red
    empty = np.zeros(0)
    kinds = np.ones(n, dtype=int)
    return MarkedImage(
        "g1", rgb, np.zeros((0, 2)), empty, empty.astype(int), boxes, kinds, np.ones(n), downward
    )


def test_boxes_are_drawn(tmp_path):
    for name, boxes in (("none", []), ("one", [[0.4, 0.4, 0.6, 0.6]])):
        marks_sheet([image(boxes)], tmp_path / f"{name}.png", columns=1)
    assert count(tmp_path / "one.png", "#56B4E9") > 2 * count(tmp_path / "none.png", "#56B4E9")


def test_first_rows_are_where_they_belong(tmp_path):
    for downward in (True, False):
        path = tmp_path / f"{downward}.png"
        marks_sheet([image([], downward)], path, columns=1, zoom=1.0)
        shown = pixels(path)
        red = np.argwhere((shown[..., 0] > 250) & (shown[..., 1:].max(axis=2) < 5))[:, 0].mean()
        black = np.argwhere(shown.max(axis=2) < 5)[:, 0].mean()
        assert (red < black) == downward


def test_heat_map_follows_the_rows_down(tmp_path):
    """Labels in the first rows brighten the upper half."""
    n = 200
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.35, 0.65, n), rng.uniform(0.32, 0.4, n)
    table = Table(
        {"x1": x - 0.01, "x2": x + 0.01, "y1": y - 0.01, "y2": y + 0.01, "label": [1] * n}
    )
    heat_map(table, tmp_path / "h.png")
    shown = pixels(tmp_path / "h.png")
    left = shown[:, : shown.shape[1] * 2 // 5]
    bright = np.argwhere((left[..., 0] > 200) & (left[..., 2] < 200))[:, 0]
    assert bright.mean() < shown.shape[0] / 2
    heat_map(table[:0], tmp_path / "empty.png")


def test_skill_map_and_curves_are_written(tmp_path):
    rng = np.random.default_rng(0)
    people = Table({"n_images": rng.integers(1, 200, 30)})
    for name in ("false_positive", "false_negative", "variance"):
        people[name] = rng.uniform(0.01, 0.9, 30)
    skill_map(people, tmp_path / "s.png")
    rows = [(m, t, 1 - t, t) for m in ("consensus", "dbscan") for t in (0.1, 0.5, 0.9)]
    curves = Table(rows=rows, names=("method", "threshold", "completeness", "purity"))
    vote_curves(curves, tmp_path / "v.png")
    assert count(tmp_path / "v.png", "#0072B2") > 100
    assert count(tmp_path / "v.png", "#D55E00") > 100
    assert len(np.unique(pixels(tmp_path / "s.png").reshape(-1, 3), axis=0)) > 50
