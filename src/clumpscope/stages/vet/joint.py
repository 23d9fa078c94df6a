"""What several people say of one box, taken together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clumpscope.stages.vet.state import REJECTED, BoxState

VERDICTS = ("rejected", "clump", "odd clump")


@dataclass(frozen=True)
class Said:
    """One person's last word on a box: who, when, its number among all decisions, what."""

    by: str
    at: str
    revision: int
    state: BoxState


def verdict(state: BoxState) -> int:
    """What is said of a box, as a place in `VERDICTS`; -1 undecided.

    A box that was taken away by whoever drew it is rejected.
    """
    if state.deleted or state.state == REJECTED:
        return 0
    return state.label if state.decided else -1


def latest(said: Sequence[Said]) -> Said | None:
    """The last decision; of undecided ones the last."""
    decided = [one for one in said if verdict(one.state) >= 0] or list(said)
    return max(decided, key=lambda one: one.revision, default=None)


def majority(said: Sequence[Said]) -> Said | None:
    """The last decision of those that most people took; where as many differ, the last of all."""
    decided = [one for one in said if verdict(one.state) >= 0]
    counts = Counter(verdict(one.state) for one in decided)
    most = max(counts.values(), default=0)
    return latest([one for one in decided if counts[verdict(one.state)] == most] or said)


def differ(said: Sequence[Said]) -> bool:
    """Whether two people decided differently."""
    return len({verdict(one.state) for one in said} - {-1}) > 1
