"""One-to-one matching of candidates to truths."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.near import Indices, Places, near

MATCH_RADIUS_FWHM = 0.75  # two positions closer than this are of one clump, PSF-FWHM


def match(
    candidates: Places,
    scores: NDArray[np.float64],
    truths: Places,
    radius: float,
) -> tuple[Indices, Indices]:
    """Match the candidates of one image to its truths: `match_all` with a single galaxy."""
    alone = (np.zeros(len(places), dtype=np.intp) for places in (candidates, truths))
    of_candidates, of_truths = alone
    return match_all(candidates, of_candidates, scores, truths, of_truths, np.array([radius]))


def match_all(
    candidates: Places,
    of_candidates: Indices,
    scores: NDArray[np.float64],
    truths: Places,
    of_truths: Indices,
    radius: NDArray[np.float64],
) -> tuple[Indices, Indices]:
    """Match candidates to truths of the same galaxy, closer than its ``radius``.

    Each candidate in turn, best score first, takes the nearest truth that is still free; each
    truth is matched once (Popp et al. 2024, section 5; ours: the best score first). So the matches
    of candidates above a threshold are those of all candidates that lie above it.

    Parameters
    ----------
    candidates, truths
        (N, 2) and (M, 2) positions, in the unit of ``radius``.
    of_candidates, of_truths
        (N,) and (M,) index of each one's galaxy.
    scores
        (N,); equal scores go by order.
    radius
        (G,) of each galaxy.

    Returns
    -------
    Indices of the matched candidates, best score first, and of their truths.
    """
    i, j, distance = near(candidates, of_candidates, truths, of_truths, radius)
    place = np.empty(len(candidates), dtype=np.intp)
    place[np.argsort(-scores, kind="stable")] = np.arange(len(candidates))
    order = np.lexsort((j, distance, place[i]))
    taken, used = np.zeros(len(candidates), dtype=bool), np.zeros(len(truths), dtype=bool)
    pairs: list[tuple[int, int]] = []
    for one, other in zip(i[order].tolist(), j[order].tolist(), strict=True):
        if not (taken[one] or used[other]):
            taken[one] = used[other] = True
            pairs.append((one, other))
    matched = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return matched[:, 0], matched[:, 1]
