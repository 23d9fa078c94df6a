"""Decisions as a file for others: a JSON document, and rows of a CSV."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clumpscope.stages.vet.joint import Said, differ, latest, majority
from clumpscope.stages.vet.state import UNDECIDED, GalaxyState

KIND, VERSION = "clumpscope vet", 1
JOINT: dict[str, Callable[[Sequence[Said]], Said | None]] = {
    "latest": latest,
    "majority": majority,
}
HEAD = (
    *("galaxy_id", "box", "source", "by", "at", "state", "label", "comment"),
    *("box_x1", "box_y1", "box_x2", "box_y2", "px_x1", "px_y1", "px_x2", "px_y2"),
)

Boxes = Mapping[str, Mapping[str, Sequence[Said]]]  # of each galaxy, what is said of each box
Galaxies = Mapping[str, Mapping[str, GalaxyState]]  # what each person says of each galaxy


def document(
    boxes: Boxes,
    galaxies: Galaxies,
    run: str,
    how: str = "latest",
    found: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """All decisions: of each box what counts (``how``, of `JOINT`), and what each person says.

    Parameters
    ----------
    run
        Key of the run that the boxes are of.
    found
        Keys of the run's boxes by galaxy, where they are known: then each galaxy tells on how many
        of them nobody decided.
    """
    told = []
    for galaxy_id in sorted({*boxes, *galaxies}):
        people = galaxies.get(galaxy_id, {})
        mine = []
        for key, said in boxes.get(galaxy_id, {}).items():
            one = JOINT[how](said)
            if one is not None:
                each = [_told(other) for other in said]
                mine.append({"key": key, **_told(one), "differ": differ(said), "people": each})
        told.append(
            {
                "galaxy_id": galaxy_id,
                "people": {by: state.plain() for by, state in people.items()},
                "nothing_missed": any(state.nothing_missed for state in people.values()),
                "skipped": any(state.skipped for state in people.values()),
                "undecided": None if found is None else _open(found.get(galaxy_id, ()), mine),
                "boxes": mine,
            }
        )
    return {"kind": KIND, "version": VERSION, "run": run, "how": how, "galaxies": told}


def _open(keys: Sequence[str], boxes: Sequence[Mapping[str, Any]]) -> int:
    """On how many of some boxes nobody decided."""
    decided = {box["key"] for box in boxes if box["deleted"] or box["state"] != UNDECIDED}
    return len(set(keys) - decided)


def _told(one: Said) -> dict[str, Any]:
    return {"by": one.by, "at": one.at, "revision": one.revision, **one.state.plain()}


def rows(boxes: Boxes) -> list[list[object]]:
    """`HEAD` and a row for each person's last word on each box; deleted ones are left out."""
    found: list[list[object]] = [list(HEAD)]
    for galaxy_id in sorted(boxes):
        for key, said in boxes[galaxy_id].items():
            for one in said:
                state = one.state
                if not state.deleted:
                    told = [galaxy_id, key, state.source, one.by, one.at, state.state]
                    corners = [round(value, 6) for value in (*state.box, *state.px)]
                    found.append([*told, state.label, state.comment, *corners])
    return found
