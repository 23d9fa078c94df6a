"""Places for texts beside what they name, so that they do not cover each other."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_SIDES = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1], [0, 1], [0, -1], [1, 0], [-1, 0]])
_RINGS = (1.0, 1.7, 2.6, 4.0)
_OUTSIDE = 50.0  # a text off the window costs as much as this many covered ones
_MARK = 0.15  # covering a mark costs so much of covering a text


def place_texts(
    anchors: Values, reach: Values, sizes: Values, window: Values, taken: Values
) -> Values:
    """Centres of texts, in the order of their importance.

    Each goes where it covers least of the texts placed before it and of all marks: beside its
    mark, on one of eight sides, or further out.

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
            [anchor + side * (reach[k] * ring + size / 2) for ring, side in product(_RINGS, _SIDES)]
        )
        boxes = np.hstack([tried - size / 2, tried + size / 2])
        area = float(np.prod(size))
        cost = np.arange(len(tried)) * 0.004  # the nearest of equal ones
        cost += _MARK * _covered(boxes, marks) / area
        cost += _covered(boxes, np.reshape(texts, (-1, 4))) / area
        cost += _OUTSIDE * (1 - _covered(boxes, window[None]) / area)
        best = int(np.argmin(cost))
        centres[k] = tried[best]
        texts.append(boxes[best])
    return centres


def _covered(boxes: Values, others: Values) -> Values:
    """(n,) area of each box under all the others together, overlaps of those counted twice."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    area: Values = np.prod(np.maximum(high - low, 0), axis=-1).sum(axis=1)
    return area
