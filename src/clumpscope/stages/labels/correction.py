"""A Zooniverse subject set in which volunteers correct boxes that are there already.

The boxes travel in each subject's metadata; `consensus` reads the classifications that come
back: every volunteer who looked has marked the boxes shown, but for those struck out with the
tool "wrong", and has added marks of their own.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.marks import PICTURE_PX
from clumpscope.ops.csv_cells import write_csv

BOXES_KEY = "#boxes"  # the # hides it from volunteers


@dataclass(frozen=True)
class Subject:
    """One picture to correct.

    ``size_px`` is its width and height, ``side_px`` the side of the box of a point mark, and
    ``boxes`` holds x1, y1, x2, y2 in its pixels and the label.
    """

    galaxy_id: str
    size_px: tuple[int, int]
    side_px: float
    boxes: list[list[float]]


def subject(
    galaxy_id: str,
    corners: NDArray[np.float64],
    label: NDArray[np.integer],
    shape: tuple[int, int],
    fwhm_px: float,
) -> Subject:
    """The subject of a galaxy.

    Parameters
    ----------
    corners
        (n, 4) x1, y1, x2, y2 of its boxes, fractions of the image.
    label
        (n,) of `Label`.
    shape
        (ny, nx) of its image.
    fwhm_px
        PSF-FWHM in that image's pixels; a point mark becomes a box of two.
    """
    ny, nx = shape
    scale = PICTURE_PX / max(ny, nx)
    size = (round(nx * scale), round(ny * scale))
    pixels = corners * np.tile(size, 2)
    boxes = [
        [*(round(float(n), 3) for n in box), int(one)]
        for box, one in zip(pixels, label, strict=True)
    ]
    return Subject(galaxy_id, size, round(2 * fwhm_px * scale, 3), boxes)


def manifest(subjects: list[Subject], pictures: Mapping[str, str], side_key: str) -> str:
    """Text of the manifest: one row a subject, as Zooniverse's uploader takes it.

    ``pictures`` maps galaxies to file names, ``side_key`` names the column of the box's side.
    """
    text = io.StringIO()
    rows: list[list[object]] = [["galaxy_id", "image", side_key, BOXES_KEY]]
    for one in subjects:
        boxes = json.dumps(one.boxes, separators=(",", ":"))
        rows.append([one.galaxy_id, pictures[one.galaxy_id], one.side_px, boxes])
    write_csv(text, rows)
    return text.getvalue()
