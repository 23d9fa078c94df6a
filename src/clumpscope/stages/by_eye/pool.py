"""Places to be judged: candidates of several finders, those that coincide joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clumpscope.ops.matching import MATCH_RADIUS_FWHM, match

Values = NDArray[np.float64]


class Role(IntEnum):
    """What a finder says of a place."""

    NONE = 0
    SEEN = 1  # below its threshold, or with another label than clump
    CLAIMED = 2  # a clump


@dataclass(frozen=True, eq=False)
class Finds:
    """What one finder has in one galaxy.

    Attributes
    ----------
    xy
        (n, 2) native pixels.
    score
        (n,).
    claimed
        (n,) True where it claims a clump.
    """

    xy: Values
    score: Values
    claimed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pool:
    """All places of all galaxies that may be judged.

    Attributes
    ----------
    galaxy
        (N,) number of its galaxy.
    xy
        (N, 2) native pixels.
    role
        (N, S) `Role` of each finder; all 0 at a random place.
    key
        (N,) uniform in [0, 1): decides who is drawn.
    """

    galaxy: NDArray[np.intp]
    xy: Values
    role: NDArray[np.int8]
    key: Values

    def __len__(self) -> int:
        return len(self.galaxy)

    @classmethod
    def of(cls, places: Sequence[tuple[Values, NDArray[np.int8], Values]]) -> "Pool":
        """The places (position, role, key) of each galaxy in turn, one after the other."""
        xy, role, key = (np.concatenate(parts) for parts in zip(*places, strict=True))
        galaxy = np.repeat(np.arange(len(places)), [len(part[2]) for part in places])
        return cls(galaxy, xy, role, key)


def united(finds: Sequence[Finds], fwhm_px: float) -> tuple[Values, NDArray[np.int8]]:
    """Places of one galaxy, (N, 2), and the `Role` of each finder there, (N, S).

    Finders come in turn, claims first. Each candidate joins the nearest place within 0.75 PSF-FWHM
    that its finder has not joined yet, best score first, or makes a place of its own; what a finder
    has so near to a claim of its own is left out. A place is shown at the mean of its candidates.
    """
    first, total = np.zeros((0, 2)), np.zeros((0, 2))
    role = np.zeros((0, len(finds)), dtype=np.int8)
    for said in (Role.CLAIMED, Role.SEEN):
        for column, one in enumerate(finds):
            asked = one.claimed
            if said is Role.SEEN:
                asked = ~_near(one.xy, one.xy[one.claimed], fwhm_px) & ~one.claimed
            xy, score = one.xy[asked], one.score[asked]
            open_ = np.flatnonzero(role[:, column] == Role.NONE)
            mine, there = match(xy, score, first[open_], MATCH_RADIUS_FWHM * fwhm_px)
            total[open_[there]] += xy[mine]
            role[open_[there], column] = said
            alone = np.delete(xy, mine, axis=0)
            new = np.zeros((len(alone), len(finds)), dtype=np.int8)
            new[:, column] = said
            first, total = np.concatenate([first, alone]), np.concatenate([total, alone])
            role = np.concatenate([role, new])
    members = (role > 0).sum(axis=1, keepdims=True)
    return total / np.maximum(members, 1), role


def random_places(outline: NDArray[np.bool_], count: int, rng: np.random.Generator) -> Values:
    """Places (count, 2) uniform in an outline (ny, nx); none where it is nowhere True."""
    rows, cols = np.nonzero(outline)
    if not len(rows):
        return np.zeros((0, 2))
    k = rng.integers(len(rows), size=count)
    places: Values = np.column_stack([cols[k], rows[k]]) + rng.uniform(-0.5, 0.5, (count, 2))
    return places


def with_random(
    xy: Values, role: NDArray[np.int8], places: Values, fwhm_px: float
) -> tuple[Values, NDArray[np.int8]]:
    """Places found, and those random ones that are not within 0.75 PSF-FWHM of another."""
    for place in places[:, None]:
        if not _near(place, xy, fwhm_px).any():
            xy = np.concatenate([xy, place])
    blank = np.zeros((len(xy) - len(role), role.shape[1]), dtype=np.int8)
    return xy, np.concatenate([role, blank])


def _near(xy: Values, others: Values, fwhm_px: float) -> NDArray[np.bool_]:
    """(N,) True where one of ``others`` is nearer than 0.75 PSF-FWHM."""
    distance = np.hypot(*(xy[:, None] - others[None]).transpose(2, 0, 1))
    near: NDArray[np.bool_] = (distance < MATCH_RADIUS_FWHM * fwhm_px).any(axis=1)
    return near
