"""One-to-one matching of candidates to truths."""

import numpy as np
from numpy.typing import NDArray


def match(
    candidates: NDArray[np.float64],
    scores: NDArray[np.float64],
    truths: NDArray[np.float64],
    radius: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Match candidates to truths closer than ``radius``, best score first.

    Each candidate in turn takes the nearest truth that is still free; each truth is matched
    once (Popp et al. 2024, section 5; ours: the best score first).

    Parameters
    ----------
    candidates, truths
        (N, 2) and (M, 2) positions on one plane, in the unit of ``radius``.
    scores
        (N,); equal scores go by order.

    Returns
    -------
    Indices of the matched candidates, best score first, and of their truths.
    """
    distance = np.hypot(*(candidates[:, None] - truths[None]).transpose(2, 0, 1))
    distance[~(distance < radius)] = np.inf
    pairs: list[tuple[int, int]] = []
    for i in np.argsort(-scores, kind="stable") if len(truths) else ():
        j = int(np.argmin(distance[i]))
        if np.isfinite(distance[i, j]):
            pairs.append((int(i), j))
            distance[:, j] = np.inf
    matched = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return matched[:, 0], matched[:, 1]
