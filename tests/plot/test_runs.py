"""Figures: north is up, east is left, and what is drawn is there."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from PIL import Image

import scenes
from clumpscope.plot import Panel, contact_sheet, north_up


@pytest.mark.parametrize("rotation", [0, 37, 145, 260])
@pytest.mark.parametrize("flip", [False, True])
def test_north_is_up_and_east_left(rotation: float, flip: bool) -> None:
    wcs = scenes.make_wcs((101, 101), rotation_deg=rotation, flip=flip)
    centre = wcs.pixel_to_world(50, 50)
    turn = north_up(wcs)
    for angle, direction in ((0, [0, 1]), (90, [-1, 0])):
        there = centre.directional_offset_by(angle * u.deg, 3 * u.arcsec)
        offset = turn @ (np.array(wcs.world_to_pixel(there)) - 50)
        assert offset / np.linalg.norm(offset) == pytest.approx(direction, abs=1e-3)


def test_without_wcs_rows_stay_as_stored() -> None:
    assert north_up(None).tolist() == [[1, 0], [0, 1]]


def test_sheet_shows_outline_boxes_and_crosses(tmp_path: Path) -> None:
    rgb = np.zeros((60, 60, 3), dtype=np.float32)
    outline = np.zeros((60, 60), dtype=bool)

    def drawn(n: int, outlined: bool) -> np.ndarray:
        panel = Panel(
            title="g",
            rgb=rgb,
            wcs=None,
            outline=outline | outlined & (np.hypot(*(np.indices((60, 60)) - 30)) < 12),
            xy=np.full((n, 2), 30.0),
            label=np.ones(n, dtype=np.int64),
            box=np.tile([26.0, 26.0, 34.0, 34.0], (n, 1)),
            aperture_px=3.0,
            truth_xy=np.zeros((0, 2)),
        )
        contact_sheet([panel], tmp_path / "sheet.png", columns=1)
        picture = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
        return picture[: picture.shape[0] * 3 // 4]

    empty, boxed, outlined = drawn(0, False), drawn(1, False), drawn(0, True)
    blue = (boxed[..., 2] > 150) & (boxed[..., 0] < 130)
    assert blue.sum() > 100
    assert ((empty[..., 2] > 150) & (empty[..., 0] < 130)).sum() == 0
    assert (outlined > 200).all(axis=-1).sum() > (empty > 200).all(axis=-1).sum() + 100
