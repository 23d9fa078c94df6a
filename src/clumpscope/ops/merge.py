"""Joining of positions that lie closer than a radius."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from clumpscope.core.boxes import Boxes, Label


@dataclass(frozen=True, eq=False)
class Merged:
    """Groups of joined boxes, in no particular order.

    Attributes
    ----------
    xy
        (M, 2) mean of the members' centres, in the boxes' frame.
    label
        (M,) int64 of `Label`: odd if any member is.
    score
        (M,) highest score of the members.
    best
        (M,) index of the best-scored member.
    members
        M index arrays into the boxes, ascending.
    """

    xy: NDArray[np.float64]
    label: NDArray[np.int64]
    score: NDArray[np.float64]
    best: NDArray[np.intp]
    members: tuple[NDArray[np.intp], ...]


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


def merge(boxes: Boxes, radius: float) -> Merged:
    """Join boxes whose centres lie within ``radius`` (transitively; Popp et al. 2024, 4.3).

    ``boxes`` are in a frame with square pixels and ``radius`` in its unit.
    """
    if not len(boxes):
        none = np.empty(0, dtype=np.intp)
        return Merged(boxes.centres, boxes.labels, boxes.scores, none, ())
    group = groups_within(boxes.centres, radius)
    members = tuple(np.flatnonzero(group == i) for i in range(group.max() + 1))
    best = np.array([m[np.argmax(boxes.scores[m])] for m in members])
    odd = [bool((boxes.labels[m] == Label.ODD).any()) for m in members]
    return Merged(
        xy=np.array([boxes.centres[m].mean(axis=0) for m in members]),
        label=np.where(odd, Label.ODD, boxes.labels[best]).astype(np.int64),
        score=boxes.scores[best],
        best=best,
        members=members,
    )
