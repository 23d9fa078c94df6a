"""Overlap of boxes and its suppression, in plain numpy."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.boxes import Boxes


def iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of every pair of boxes.

    Parameters
    ----------
    a, b
        (N, 4) and (M, 4): x1, y1, x2, y2 in one frame, any unit.

    Returns
    -------
    (N, M) in [0, 1]; 0 where both boxes are empty.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    intersection = np.clip(high - low, 0, None).prod(axis=2)
    union = _area(a)[:, None] + _area(b)[None, :] - intersection
    ratio: NDArray[np.float64] = np.divide(
        intersection, union, out=np.zeros_like(intersection), where=union > 0
    )
    return ratio


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    area: NDArray[np.float64] = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return area


def suppress(boxes: Boxes, max_iou: float) -> NDArray[np.intp]:
    """Non-maximum suppression over all labels together.

    A box goes if its IoU with a better-scored one that stays is above ``max_iou``. Equal
    scores are ordered by their corners, so that the result does not hang on the input order.

    Returns
    -------
    Indices of the boxes that stay, best score first.
    """
    order = np.lexsort((*boxes.xyxy.T[::-1], -boxes.scores))
    covered = iou(boxes.xyxy[order], boxes.xyxy[order]) > max_iou
    stays = np.ones(len(order), dtype=bool)
    for i in range(len(order)):
        if stays[i]:
            stays[i + 1 :] &= ~covered[i, i + 1 :]
    return order[stays]
