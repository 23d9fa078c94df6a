"""What to believe of each volunteer, when truths and the owners of marks are uncertain.

The highest posterior gives every mark one owner or none. Of a volunteer who makes many false
marks it leaves even those near a truth without one, if they are made with another tool, and
so learns nothing of the tools; here each mark counts as its chance to be one of the truth's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Marks
from clumpscope.stages.consensus.model import Counts, Skills, distance, mark_gain, misses, update
from clumpscope.stages.consensus.truths import Truths, Verdict

Values = NDArray[np.float64]
Index = NDArray[np.int64]

_STEPS = 8  # of the EM algorithm; further ones change ranks by less than 0.01


@dataclass(frozen=True, eq=False)
class _Near:
    """The N marks that could belong to a truth: their numbers, and of that truth what is known.

    ``apart`` (N,) distance, ``probability`` (N,) chance that the truth is one, ``p_kind`` (N, C)
    of its kinds, ``visibility`` and ``difficulty`` (N,).
    """

    mark: Index
    apart: Values
    probability: Values
    p_kind: Values
    visibility: Index
    difficulty: Values


def beliefs(
    marks: Marks,
    found: Sequence[Truths],
    verdicts: Sequence[Verdict],
    fitted: Skills,
    known: Counts,
    config: ConsensusConfig,
) -> Skills:
    """Skills by an EM algorithm over the owners of marks, the truths being given.

    Parameters
    ----------
    found, verdicts
        Truths of each image, and how sure they are.
    fitted
        Skills of the highest posterior; its prior means and shares of classes are kept.
    known
        What the volunteers did on other images.
    """
    near = _near(marks, found, verdicts, len(fitted.noise))
    offered = _offered(marks, found, verdicts, len(config.visibility))
    nothing = Counts.none(len(marks.volunteers), *fitted.classes.shape)
    skills = update(nothing, fitted.means, None, config)
    skills = replace(skills, classes=fitted.classes, noise=fitted.noise)
    for _ in range(_STEPS):
        counts = known + _expected(marks, near, offered, skills, config)
        skills = update(counts, fitted.means, skills.false_negative, config)
        skills = replace(skills, classes=fitted.classes, noise=fitted.noise)
    return skills


def _near(marks: Marks, found: Sequence[Truths], verdicts: Sequence[Verdict], kinds: int) -> _Near:
    """Each mark's owner, or the nearest truth that its volunteer has not marked otherwise."""
    _, at = marks.slices()
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    parts = [_Near(none, nothing, nothing, np.zeros((0, kinds)), none, nothing)]
    for i, (truths, verdict) in enumerate(zip(found, verdicts, strict=True)):
        rows = np.arange(at[i], at[i + 1])
        if not len(rows) or not len(truths.kind):
            continue
        apart = distance(marks.xyxy[rows], truths.xyxy)
        who, joined = marks.volunteer[rows], np.flatnonzero(truths.owner >= 0)
        taken = np.zeros(apart.shape, dtype=bool)
        for mark in joined:
            taken[who == who[mark], truths.owner[mark]] = True
        choice = np.where(taken, 1.0, apart).argmin(axis=1)
        away = np.where(taken, 1.0, apart)[np.arange(len(rows)), choice]
        choice[joined], away[joined] = truths.owner[joined], truths.apart[joined]
        order = np.argsort(away, kind="stable")
        pairs = np.column_stack([who, choice])[order]
        first = order[np.unique(pairs, axis=0, return_index=True)[1]]
        kept = first[away[first] < 1]
        of = choice[kept]
        parts.append(
            _Near(
                rows[kept],
                away[kept],
                1 - verdict.p_false[of],
                verdict.p_kind[of],
                truths.visibility[of],
                np.full(len(kept), truths.difficulty),
            )
        )
    return _Near(
        *(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(_Near))
    )


def _offered(
    marks: Marks, found: Sequence[Truths], verdicts: Sequence[Verdict], visibilities: int
) -> Values:
    """(V, H) expected number of truths on the images that each volunteer looked at."""
    of_image = np.array(
        [
            np.bincount(truths.visibility, 1 - verdict.p_false, visibilities)
            for truths, verdict in zip(found, verdicts, strict=True)
        ]
    ).reshape(-1, visibilities)
    offered = np.zeros((len(marks.volunteers), visibilities))
    np.add.at(offered, marks.look_volunteer, of_image[marks.look_image])
    return offered


def _expected(
    marks: Marks, near: _Near, offered: Values, skills: Skills, config: ConsensusConfig
) -> Counts:
    """Expected counts, given the skills."""
    v, tool = marks.volunteer[near.mark], marks.kind[near.mark] - 1
    volunteers, kinds = len(marks.volunteers), len(skills.noise)
    missed = misses(skills.false_negative, config)[v, near.visibility]
    by_kind = near.p_kind * skills.confusion[v, :, tool]
    said = by_kind.sum(axis=1)
    gain = mark_gain(
        skills, v, tool, near.difficulty, near.apart, missed, said, clutter=config.clutter
    )
    share = near.probability * expit(gain)
    found = np.zeros((volunteers, len(config.visibility)))
    np.add.at(found, (v, near.visibility), share)
    tools = np.zeros((volunteers, kinds, kinds))
    np.add.at(
        tools,
        (v[:, None], np.arange(kinds), tool[:, None]),
        (share / said)[:, None] * by_kind,
    )
    squares = np.bincount(v, share * near.apart**4 / near.difficulty, volunteers).astype(float)
    every = np.bincount(marks.volunteer, minlength=volunteers).astype(float)
    nothing = Counts.none(volunteers, kinds, len(config.visibility))
    return replace(
        nothing,
        marks=every,
        false=every - found.sum(axis=1),
        truths=np.maximum(offered, found),
        found=found,
        squares=squares,
        tools=tools,
    )
