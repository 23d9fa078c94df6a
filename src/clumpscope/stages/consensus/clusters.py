"""Baselines: marks clustered by position alone, and a vote (DBSCAN, HDBSCAN of scikit-learn)."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.labels import ConsensusConfig
from clumpscope.stages.consensus.model import View
from clumpscope.stages.consensus.truths import Truths

Values = NDArray[np.float64]


def cluster(
    view: View, side: Values, config: ConsensusConfig, method: str
) -> tuple[Truths, Values]:
    """Clusters of an image's marks, and the share of its volunteers who made each.

    Clusters need the votes of ``cluster_votes`` of those who looked; each is a box in the mean
    place of its marks and of the kind that most of them say.

    Parameters
    ----------
    side
        (2,) width and height of a box, fractions of the image; the unit of ``cluster_radius``.
    method
        "dbscan" joins marks closer than ``cluster_radius`` box sides; "hdbscan" finds its own
        scale, from clusters of at least the votes wanted.
    """
    m = len(view.xyxy)
    centre = (view.xyxy[:, :2] + view.xyxy[:, 2:]) / 2 / side
    least = max(2, round(config.cluster_votes * len(view.looks)))
    if method == "dbscan":
        number = _dbscan(centre, config.cluster_radius)
    else:
        number = _hdbscan(centre, least)
    boxes: list[Values] = []
    kinds: list[int] = []
    votes: list[float] = []
    owner = np.full(m, -1)
    for k in range(number.max(initial=-1) + 1):
        members = np.flatnonzero(number == k)
        share = len(np.unique(view.volunteer[members])) / max(len(view.looks), 1)
        if share >= config.cluster_votes:
            owner[members] = len(boxes)
            boxes.append(view.xyxy[members].mean(axis=0))
            kinds.append(int(np.bincount(view.kind[members]).argmax()))
            votes.append(share)
    xyxy = np.array(boxes).reshape(-1, 4)
    kind = np.array(kinds, dtype=np.int64)
    truths = Truths(xyxy, kind, np.zeros_like(kind), owner, np.zeros(m), 1.0, np.nan)
    return truths, np.array(votes)


def _dbscan(points: Values, radius: float) -> NDArray[np.int64]:
    from sklearn.cluster import DBSCAN

    if not len(points):
        return np.zeros(0, dtype=np.int64)
    labels: NDArray[np.int64] = DBSCAN(eps=radius, min_samples=2).fit_predict(points)
    return labels


def _hdbscan(points: Values, least: int) -> NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN

    if len(points) < max(least, 2):
        return np.full(len(points), -1)
    # Not cluster_selection_epsilon: it fails in scikit-learn 1.9 with numpy 2.4.
    found = HDBSCAN(min_cluster_size=least, allow_single_cluster=True, copy=True)
    labels: NDArray[np.int64] = found.fit_predict(points)
    return labels
