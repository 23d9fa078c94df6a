"""A Zooniverse subject set in which volunteers correct boxes that are there already.

The boxes travel in each subject's metadata, with how volunteers see them, and `consensus` reads
the classifications that come back by that:

shown
    Every volunteer who looked has marked the boxes, but for those struck out with the tool
    "wrong", and has added marks of their own.
editable
    The volunteer has moved and deleted marks and added others, see `machine_marks`: what comes
    back is all that is left.
hidden
    What comes back is the volunteers' alone, to compare with.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.corrections import BOXES_KEY, SHOWN_KEY, Shown
from clumpscope.core.marks import PICTURE_PX
from clumpscope.ops.csv_cells import write_csv


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


def manifest(
    subjects: list[Subject],
    pictures: Mapping[str, tuple[str, ...]],
    side_key: str,
    shown: Shown,
) -> str:
    """Text of the manifest: one row a subject, as Zooniverse's uploader takes it.

    ``pictures`` maps galaxies to file names, as many for each, ``side_key`` names the column of
    the box's side.
    """
    text = io.StringIO()
    most = max((len(names) for names in pictures.values()), default=1)
    images = ["image", *(f"image_{number}" for number in range(2, most + 1))]
    rows: list[list[object]] = [["galaxy_id", *images, side_key, BOXES_KEY, SHOWN_KEY]]
    for one in subjects:
        boxes = json.dumps(one.boxes, separators=(",", ":"))
        rows.append([one.galaxy_id, *pictures[one.galaxy_id], one.side_px, boxes, shown])
    write_csv(text, rows)
    return text.getvalue()
