"""Groups of positions that chains of short steps connect."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components


def groups_within(xy: NDArray[np.float64], radius: float) -> NDArray[np.intp]:
    """Count off the groups of points (N, 2) that chains of steps <= ``radius`` connect.

    Returns
    -------
    (N,) group of each point, counting from 0.
    """
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    if np.count_nonzero(distance <= radius) == len(xy):
        return np.arange(len(xy))
    groups: NDArray[np.intp] = connected_components(csr_array(distance <= radius))[1].astype(
        np.intp
    )
    return groups
