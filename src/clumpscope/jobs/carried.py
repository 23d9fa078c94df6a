"""Decisions of people on a run, carried to the run as it is made anew."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.schema import rows_by_id
from clumpscope.errors import ImageError, TableError, expected_got
from clumpscope.jobs.clump_keys import PLACES, box_key, run_key
from clumpscope.jobs.said import Newest, newest, states
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, Said
from clumpscope.store.columnar import ids_of, read_columns
from clumpscope.store.decisions import FILE, WHOLE, Carry, Decisions
from clumpscope.store.sample import Sample

Shape = tuple[int, int]
# Keys of a galaxy's boxes, and the boxes (N, 4) as fractions; of a shape where the image's is not
# to be had.
Found = Callable[[str, Shape], tuple[Sequence[str], NDArray[np.float64]]]
_LOST = "lost-"  # begins the keys of boxes that a run made anew does not have
_ANY = (1, 1)  # shape of a galaxy without boxes


@dataclass(frozen=True)
class Carried:
    """How many decisions a run made anew keeps; galaxies and boxes that it does not have."""

    kept: int
    lost: list[tuple[str, str]]


def carry(decisions: Decisions, run: str, found: Found) -> Carried:
    """Bring the decisions on the run as it was before to the run as it is.

    Boxes that overlap by `LEAST_IOU` or more are the same; drawn ones stay. What has no box, or no
    galaxy, now is kept as an event "lost", which counts for nothing until it is there again. Each
    keeps its time and its place among the others, so that what was said later on the run as it is
    stays.

    Parameters
    ----------
    found
        The boxes of a galaxy now; it raises `TableError` for a galaxy that there is not.

    Raises
    ------
    StoreError
        If decisions cannot be read or written.
    """
    events = decisions.since(0)
    if not events or events[-1].run == run:
        return Carried(0, [])
    before = events[-1].run
    old, galaxies = states(events, before, lost=True)
    theirs, ours = newest(events, before), newest(events, run)
    rows: list[tuple[int, Carry]] = []
    lost: list[tuple[str, str]] = []
    for galaxy in sorted({*old, *galaxies}):
        boxes = old.get(galaxy, {})
        try:
            now: Mapping[str, _New | None] | None = _now(boxes, *found(galaxy, _shape(boxes)))
        except TableError:
            now = None
        for key, said in boxes.items():
            new = None if now is None else now[key]
            if new is None and not _was_lost(key):
                lost.append((galaxy, key))
            name = new.key if new else _lost_key(key, said[0])
            action = "carry" if new else "lost"
            for one in said:
                state = _moved_on(one.state, new.box) if new else one.state
                what = (one.by, run, galaxy, name, action, None, state.plain())
                rows.append((one.revision, (*what, one.revision, one.at)))
        for by, whole in galaxies.get(galaxy, {}).items():
            revision, at = theirs[galaxy, WHOLE, by]
            action = "lost" if now is None else "carry"
            what = (by, run, galaxy, WHOLE, action, None, whole.plain())
            rows.append((revision, (*what, revision, at)))
    ended = _ended(states(events, run, lost=True)[0], rows, run)
    fresh = [row for row in sorted(rows, key=itemgetter(0)) if _is_newer(row[1], ours)]
    added = decisions.carry([row for _, row in (*ended, *fresh)])
    return Carried(sum(event.action == "carry" for event in added), lost)


def _is_newer(row: Carry, there: Newest) -> bool:
    """Whether nothing that was said later is there of the same person and box."""
    by, _, galaxy, box, *_, revision, _ = row
    return revision > there.get((galaxy, box, by), (0, ""))[0]


def _ended(
    there: Mapping[str, Mapping[str, Sequence[Said]]], rows: list[tuple[int, Carry]], run: str
) -> list[tuple[int, Carry]]:
    """Ends of what was lost when the run was there last, and is told by a later word now."""
    told = {(row[2], row[3], row[0]) for _, row in rows}
    return [
        (one.revision, (one.by, run, galaxy, key, "lost", one.state.plain(), None, *_of(one)))
        for galaxy, boxes in there.items()
        for key, said in boxes.items()
        if _was_lost(key)
        for one in said
        if (galaxy, key, one.by) not in told
    ]


def _of(one: Said) -> tuple[int, str]:
    return one.revision, one.at


def _shape(boxes: Mapping[str, Sequence[Said]]) -> Shape:
    """(ny, nx) of the image on which people saw a galaxy's boxes."""
    return next((said[0].state.shape for said in boxes.values()), _ANY)


@dataclass(frozen=True)
class _New:
    """A box of the run as it is: its key, and where it is; ``None``: as it was drawn."""

    key: str
    box: tuple[float, ...] | None = None


def _now(
    old: Mapping[str, Sequence[Said]], keys: Sequence[str], boxes: NDArray[np.float64]
) -> dict[str, _New | None]:
    """What each box of a galaxy is now, given the keys and (N, 4) boxes that there are."""
    now: dict[str, _New | None] = {key: _New(key) for key, said in old.items() if _is_drawn(said)}
    free = np.arange(len(keys))
    # A box that was there last time comes before one that was lost earlier.
    for again in (False, True):
        names = [key for key in old if key not in now and _was_lost(key) == again]
        origins = np.array([old[key][0].state.origin for key in names]).reshape(-1, 4)
        places = stage.rematched(origins, boxes[free])
        for key, place in zip(names, places.tolist(), strict=True):
            at = int(free[place]) if place >= 0 else -1
            now[key] = _New(keys[at], tuple(boxes[at].tolist())) if at >= 0 else None
        free = np.delete(free, places[places >= 0])
    return now


def _is_drawn(said: Sequence[Said]) -> bool:
    return said[0].state.source == "drawn"


def _was_lost(key: str) -> bool:
    return key.startswith(_LOST)


def _lost_key(key: str, first: Said) -> str:
    """What a box is called while it is lost; drawn ones have keys that no other box has."""
    drawn = first.state.source == "drawn"
    return key if drawn or _was_lost(key) else f"{_LOST}{first.revision}"


def carried(folder: Path, sample: Sample, recipe: Recipe) -> Carried:
    """`carry` the decisions in a run's folder, if there are any, to the run as it is.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read, or its decisions cannot be read or written.
    """
    path = folder / FILE
    if not path.is_file():
        return Carried(0, [])
    decisions = Decisions(path)
    try:
        return carry(decisions, run_key(folder), boxes_of(folder, sample, recipe))
    finally:
        decisions.close()


def _moved_on(state: BoxState, origin: tuple[float, ...] | None) -> BoxState:
    """The state with the box of the run as it is now; a box that somebody moved stays there."""
    if origin is None:
        return state
    x1, y1, x2, y2 = origin
    new = (x1, y1, x2, y2)
    return replace(state, origin=new, box=new if state.box == state.origin else state.box)


def boxes_of(folder: Path, sample: Sample, recipe: Recipe) -> Found:
    """Gives the boxes of a galaxy of a run, as `carry` asks for them.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read.
    """
    path = folder / "positions.parquet"
    columns = read_columns(path, PLACES)
    ids_of(columns, path)  # that they are ids
    rows = rows_by_id(columns)
    corners = np.column_stack([columns[name] for name in PLACES[2:]])
    numbers = columns["clump_id"]
    place = {galaxy_id: k for k, galaxy_id in enumerate(sample.ids)}

    def found(galaxy_id: str, shape: Shape) -> tuple[Sequence[str], NDArray[np.float64]]:
        if galaxy_id not in place:
            raise TableError(expected_got("galaxy", "one of the sample", galaxy_id))
        mine = rows.get(galaxy_id, np.array([], dtype=np.intp))
        with suppress(ImageError):
            shape = sample.grid(place[galaxy_id], recipe.sample, recipe.limits).shape
        boxes = boxes_native_to_fraction(corners[mine], shape)
        return [box_key(int(number)) for number in numbers[mine]], boxes

    return found
