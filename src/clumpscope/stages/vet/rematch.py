"""Which boxes of a run made anew are those that people decided on."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.overlap import iou

LEAST_IOU = 0.5


def rematched(
    old: NDArray[np.float64], new: NDArray[np.float64], least: float = LEAST_IOU
) -> NDArray[np.intp]:
    """The new box of each old one of the same galaxy; -1 where none overlaps enough.

    Pairs are taken from the largest overlap down, each box once; of equal overlaps the first.

    Parameters
    ----------
    old, new
        (N, 4) and (M, 4): x1, y1, x2, y2, as fractions of the image.
    least
        IoU from which a box is the same.
    """
    found = np.full(len(old), -1, dtype=np.intp)
    if not (len(old) and len(new)):
        return found
    overlap = iou(np.asarray(old, dtype=float), np.asarray(new, dtype=float))
    taken = np.zeros(len(new), dtype=bool)
    for place in np.argsort(-overlap, axis=None, kind="stable"):
        row, column = divmod(int(place), len(new))
        if overlap[row, column] < least:
            break
        if found[row] < 0 and not taken[column]:
            found[row], taken[column] = column, True
    return found
