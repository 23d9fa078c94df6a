"""What people have of boxes and galaxies, from the log of their decisions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from clumpscope.errors import FolderError
from clumpscope.stages.vet import BoxState, GalaxyState, Said
from clumpscope.store.decisions import WHOLE
from clumpscope.store.events import Event

Boxes = dict[str, dict[str, list[Said]]]  # by galaxy and key of a box
Galaxies = dict[str, dict[str, GalaxyState]]  # by galaxy and person
# By galaxy, key of a box (`WHOLE`: the galaxy) and person: number and time of the last word.
Newest = dict[tuple[str, str, str], tuple[int, str]]


def said_of(event: Event, known: Said | None, *, lost: bool = False) -> Said | None:
    """What a person has of a box after an event on it; ``None``: nothing.

    Parameters
    ----------
    known
        What the person had. A comment changes no decision, which stays as old as it was.
    lost
        Whether what has no box in the run is told, too.

    Raises
    ------
    FolderError
        If the event is none that is written here.
    """
    if event.after is None or (event.action == "lost" and not lost):
        return None
    try:
        state = BoxState.of(event.after)
    except ValueError as error:
        raise _not_ours(event, error) from error
    if known is not None and state != known.state == replace(state, comment=known.state.comment):
        return replace(known, state=state)
    return Said(event.by, event.at, _first(event), state)


def _first(event: Event) -> int:
    """Number of the event by which it was said, on whatever run."""
    brought = event.action in ("carry", "lost")
    return event.target if brought and event.target is not None else event.revision


def galaxy_of(event: Event) -> GalaxyState:
    """What a person has of a galaxy after an event on the whole of it.

    Raises
    ------
    FolderError
        If the event is none that is written here.
    """
    try:
        return GalaxyState.of(event.after) if event.after else GalaxyState()
    except ValueError as error:
        raise _not_ours(event, error) from error


def _not_ours(event: Event, error: ValueError) -> FolderError:
    return FolderError(f"decisions, event {event.revision}: {error}")


def newest(events: Sequence[Event], run: str) -> Newest:
    """Number and time of each person's last word on each box and galaxy of a run."""
    return {
        (event.galaxy, event.box, event.by): (_first(event), event.at)
        for event in events
        if event.run == run
    }


def states(events: Sequence[Event], run: str, *, lost: bool = False) -> tuple[Boxes, Galaxies]:
    """What each person has of each box and galaxy of a run, after all events.

    Raises
    ------
    FolderError
        If an event is none that is written here.
    """
    boxes: dict[tuple[str, str], dict[str, Said]] = defaultdict(dict)
    galaxies: Galaxies = defaultdict(dict)
    for event in events:
        if event.run != run:
            continue
        if event.box == WHOLE:
            if event.action == "lost" and not lost:
                galaxies[event.galaxy].pop(event.by, None)
            else:
                galaxies[event.galaxy][event.by] = galaxy_of(event)
            continue
        people = boxes[event.galaxy, event.box]
        said = said_of(event, people.pop(event.by, None), lost=lost)
        if said is not None:
            people[event.by] = said
    found: Boxes = defaultdict(dict)
    for (galaxy, box), said_by in boxes.items():
        if said_by:
            found[galaxy][box] = list(said_by.values())
    return dict(found), {galaxy: people for galaxy, people in galaxies.items() if people}
