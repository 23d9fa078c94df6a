"""Galaxies that may be trained on, with their labels."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clumpscope.core.boxes import Boxes, Label
from clumpscope.errors import TableError, expected_got

Notes = dict[str, int]  # what does not fit → how many galaxies


@dataclass(frozen=True, eq=False)
class Galaxy:
    """A galaxy: number of its sample, row in it, its id, its host's id, its labels."""

    sample: int
    row: int
    galaxy_id: str
    host: str
    boxes: Boxes


@dataclass(frozen=True)
class Count:
    """Numbers of some galaxies: how many, how many of them without labels, labels by class."""

    galaxies: int
    bare: int
    clumps: int
    odd: int

    @classmethod
    def of(cls, galaxies: Sequence[Galaxy]) -> "Count":
        """Count them."""
        labels = np.concatenate([[], *(one.boxes.labels for one in galaxies)])
        bare = sum(not len(one.boxes) for one in galaxies)
        clumps, odd = (int((labels == kind).sum()) for kind in (Label.CLUMP, Label.ODD))
        return cls(len(galaxies), bare, clumps, odd)


def galaxies_of(
    sample: int, ids: Sequence[str], hosts: Sequence[str], boxes: Mapping[str, Boxes]
) -> list[Galaxy]:
    """Every galaxy of a sample; those that ``boxes`` lacks have none."""
    return [
        Galaxy(sample, row, name, host, boxes.get(name, Boxes.empty()))
        for row, (name, host) in enumerate(zip(ids, hosts, strict=True))
    ]


def repeated(galaxies: Sequence[Galaxy]) -> Notes:
    """How many ids several samples hold; each counts, with the labels of its own sample."""
    times = Counter(one.galaxy_id for one in galaxies)
    many = sum(n > 1 for n in times.values())
    what = "galaxy ids that several samples hold, each image taken with its own sample's labels"
    return {what: many} if many else {}


def within(galaxies: Sequence[Galaxy], most: int) -> tuple[list[Galaxy], Notes]:
    """Galaxies of at most so many labels, and how many have more."""
    kept = [one for one in galaxies if len(one.boxes) <= most]
    left_out = f"galaxies with more than {most} labels ([limits] boxes), left out"
    many = len(galaxies) - len(kept)
    return kept, {left_out: many} if many else {}


def known_by(
    galaxies: Sequence[Galaxy],
    labelled: Collection[str],
    seen: Collection[str] | None,
    where: object,
) -> tuple[list[Galaxy], Notes]:
    """Galaxies of which one source of labels knows, and what does not fit.

    Parameters
    ----------
    labelled
        Ids with a label.
    seen
        Ids that somebody looked at: others are left out. ``None``: all were.
    where
        The labels' name in messages.

    Raises
    ------
    TableError
        If a galaxy is in several samples, so that labels may not fit, or none has a label.
    """
    times = Counter(one.galaxy_id for one in galaxies)
    often = [name for name, n in times.items() if n > 1]
    if often:
        got = f"in {times[often[0]]} samples"
        raise TableError(expected_got(f"{where}: galaxy {often[0]}", "in one sample", got))
    strangers = set(labelled) - times.keys()
    if len(strangers) == len(labelled):
        got = f"those of {len(labelled)} others, such as {min(labelled)}" if labelled else "none"
        raise TableError(expected_got(where, "labels of galaxies of the samples", got))
    shown = [one for one in galaxies if seen is None or one.galaxy_id in seen]
    return shown, {
        "galaxies with labels that the samples lack": len(strangers),
        "galaxies that nobody looked at, left out": len(galaxies) - len(shown),
    }


def grouped(
    galaxies: Sequence[Galaxy], side_of: Mapping[str, str], where: object
) -> tuple[list[str], Notes]:
    """(N,) side of each galaxy, by its own id, else its host's, else empty; what does not fit.

    Raises
    ------
    TableError
        If no galaxy is to be learned from, or none is held out.
    """
    sides = [side_of.get(one.galaxy_id) or side_of.get(one.host, "") for one in galaxies]
    for side in ("train", "validation"):
        if side not in sides:
            raise TableError(expected_got(f"{where}: {side}", "galaxies of the samples", "none"))
    used = {name for name, side in side_of.items() if side != "test"}
    return sides, {
        "galaxies of the run-group that are not there": len(used - {g.galaxy_id for g in galaxies}),
        "galaxies of the run-group's test, left out": sides.count("test"),
        "galaxies outside the run-group, left out": sides.count(""),
    }
