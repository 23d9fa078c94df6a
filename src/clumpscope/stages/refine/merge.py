"""Boxes that are one clump, joined."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.ops.groups import groups_within


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


def merge(boxes: Boxes, fwhm: float, config: RefineConfig) -> Merged:
    """Join boxes whose centres lie within a radius (transitively; Popp et al. 2024, 4.3).

    ``boxes`` are in a frame with square pixels and ``fwhm``, the PSF's, is in its unit; the
    radius is ``config.merge_radius_fwhm`` times that.
    """
    if not len(boxes):
        none = np.empty(0, dtype=np.intp)
        return Merged(boxes.centres, boxes.labels, boxes.scores, none, ())
    group = groups_within(boxes.centres, config.merge_radius_fwhm * fwhm)
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
