"""The border of a mask as closed lines along the edges of its pixels."""

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


def border(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """Closed lines around a mask (ny, nx), with what is inside on their left (y up).

    Holes have lines of their own, the other way round. Points are corners of pixels in native
    pixels, so the first pixel spans -0.5 to 0.5; those between two on one straight line are left
    out, and the first is not repeated.
    """
    padded = np.pad(np.asarray(mask, dtype=bool), 1)
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}

    inside = padded[1:-1, 1:-1]
    for outside, begin, end in (
        (~padded[:-2, 1:-1], (0, 0), (1, 0)),  # below: to the right
        (~padded[1:-1, 2:], (1, 0), (1, 1)),  # right: up
        (~padded[2:, 1:-1], (1, 1), (0, 1)),  # above: to the left
        (~padded[1:-1, :-2], (0, 1), (0, 0)),  # left: down
    ):
        for y, x in np.argwhere(inside & outside).tolist():
            after.setdefault((x + begin[0], y + begin[1]), []).append((x + end[0], y + end[1]))
    lines = []
    while after:
        start = here = next(iter(after))
        line = [start]
        came = (0, 0)
        while True:
            there = _next(after, here, came)
            came, here = (there[0] - here[0], there[1] - here[1]), there
            if here == start:
                break
            line.append(here)
        lines.append(_straightened(line))
    return lines


def _next(
    after: dict[tuple[int, int], list[tuple[int, int]]],
    here: tuple[int, int],
    came: tuple[int, int],
) -> tuple[int, int]:
    """Take the edge that begins here; where two do, the one that turns left.

    So pixels that touch at a corner only are apart.
    """
    ends = after[here]
    left = (here[0] - came[1], here[1] + came[0])
    there = left if left in ends else ends[0]
    ends.remove(there)
    if not ends:
        del after[here]
    return there


def _straightened(line: list[tuple[int, int]]) -> list[Point]:
    points = []
    for k, (x, y) in enumerate(line):
        (x0, y0), (x1, y1) = line[k - 1], line[(k + 1) % len(line)]
        if (x - x0) * (y1 - y) != (y - y0) * (x1 - x):
            points.append((x - 0.5, y - 0.5))
    return points
