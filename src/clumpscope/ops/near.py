"""Pairs of places that are near each other, over many galaxies at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Places = NDArray[np.float64]
Indices = NDArray[np.intp]

_APART = 2.0  # between galaxies on a third axis, in units of the reach
_FARTHEST = 1e6  # reaches from the origin
_SLACK = 1e-6  # the tree's own rounding; what it gives is measured again


def near(
    first: Places,
    of_first: Indices,
    second: Places,
    of_second: Indices,
    reach: NDArray[np.float64],
) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """All pairs of the same galaxy that are closer than that galaxy's ``reach``.

    Places that are not finite, or a million reaches from the origin, are near nothing. One
    tree serves all galaxies: they lie apart on a third axis.

    Parameters
    ----------
    first, second
        (N, 2) and (M, 2) positions, in the unit of ``reach``.
    of_first, of_second
        (N,) and (M,) index of each one's galaxy in ``reach``.
    reach
        (G,) positive.

    Returns
    -------
    Index in ``first``, index in ``second`` and distance of each pair.
    """
    rows, columns = _known(first, of_first, reach), _known(second, of_second, reach)
    if not len(rows) or not len(columns):
        none = np.zeros(0, dtype=np.intp)
        return none, none, np.zeros(0)
    pairs = KDTree(_stacked(first[rows], of_first[rows], reach)).sparse_distance_matrix(
        KDTree(_stacked(second[columns], of_second[columns], reach)),
        1 + _SLACK,
        output_type="ndarray",
    )
    i, j = rows[pairs["i"]], columns[pairs["j"]]
    distance = np.hypot(*(first[i] - second[j]).T)
    close = distance < reach[of_first[i]]
    return i[close], j[close], distance[close]


def _known(places: Places, galaxy: Indices, reach: NDArray[np.float64]) -> Indices:
    return np.flatnonzero((np.abs(places) < _FARTHEST * reach[galaxy, None]).all(axis=1))


def _stacked(places: Places, galaxy: Indices, reach: NDArray[np.float64]) -> Places:
    return np.column_stack([places / reach[galaxy, None], _APART * galaxy])
