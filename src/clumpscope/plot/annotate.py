"""Places for texts beside what they name, so that they do not cover each other."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_SIDES = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1], [0, 1], [0, -1], [1, 0], [-1, 0]])
_RINGS = range(12)  # so many lines further out
_ROUNDING = 1e-9
_GAP = 0.3  # between a mark and its text, in lines
# What it costs to cover a mark or a text, or to leave the window, all of a text's area; to lie
# nearer to another mark than to its own; and to take the next side or ring.
_MARK, _TEXT, _OUTSIDE, _STRAY, _NEXT = 0.15, 4.0, 200.0, 0.3, 0.004


def place_texts(
    anchors: Values, reach: Values, sizes: Values, window: Values, taken: Values
) -> Values:
    """Centres of texts, in the order of their importance.

    Each goes where it covers least of the texts placed before it and of all marks, and where it
    is clear whose it is: beside its mark, on one of eight sides, or further out.

    Parameters
    ----------
    anchors
        (n, 2) centres of the marks.
    reach
        (n,) radii of the marks.
    sizes
        (n, 2) widths and heights of the texts.
    window
        (4,) x1, y1, x2, y2 that texts should keep inside.
    taken
        (m, 4) rectangles that hold other texts already.
    """
    marks = np.hstack([anchors - reach[:, None], anchors + reach[:, None]])
    texts = [*np.asarray(taken, dtype=float).reshape(-1, 4)]
    centres = np.zeros((len(anchors), 2))
    for k, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        tried = np.array(
            [
                anchor + side * (reach[k] + (_GAP + 1.1 * ring) * size[1] + size / 2)
                for ring, side in product(_RINGS, _SIDES)
            ]
        )
        boxes = np.hstack([tried - size / 2, tried + size / 2])
        area = float(np.prod(size))
        cost = _NEXT * np.arange(len(tried))
        cost += _MARK * _covered(boxes, marks) / area
        cost += _TEXT * _covered(boxes, np.reshape(texts, (-1, 4))) / area
        cost += _OUTSIDE * (1 - _covered(boxes, window[None]) / area)
        distance = _distance(boxes, anchors)
        cost += _STRAY * (distance.min(axis=1) < distance[:, k] - _ROUNDING)
        best = int(np.argmin(cost))
        centres[k] = tried[best]
        texts.append(boxes[best])
    return centres


def _distance(boxes: Values, points: Values) -> Values:
    """(n, m) distance of each box from each point."""
    nearest = np.clip(points[None], boxes[:, None, :2], boxes[:, None, 2:])
    distance: Values = np.linalg.norm(nearest - points[None], axis=-1)
    return distance


def _covered(boxes: Values, others: Values) -> Values:
    """(n,) area of each box under all the others together, overlaps of those counted twice."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    area: Values = np.prod(np.maximum(high - low, 0), axis=-1).sum(axis=1)
    return area
