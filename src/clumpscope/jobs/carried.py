"""Decisions of people on a run, carried to the run as it is made anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.errors import ClumpscopeError, TableError, expected_got
from clumpscope.jobs.clump_keys import PLACES, box_key, run_key
from clumpscope.jobs.said import states
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, Said
from clumpscope.store.columnar import ids_of, read_columns
from clumpscope.store.decisions import FILE, WHOLE, Decisions
from clumpscope.store.sample import Sample

# Keys of a galaxy's boxes, and the boxes (N, 4) as fractions.
Found = Callable[[str], tuple[Sequence[str], NDArray[np.float64]]]
_LOST = "lost-"  # begins the keys of boxes that a run made anew does not have


@dataclass(frozen=True)
class Carried:
    """How many decisions a run made anew keeps; galaxies and boxes that it does not have."""

    kept: int
    lost: list[tuple[str, str]]


def carry(decisions: Decisions, run: str, found: Found) -> Carried:
    """Bring the decisions on the run as it was before to the run as it is.

    Boxes that overlap by `LEAST_IOU` or more are the same; drawn ones stay. What has no box now is
    kept as an event "lost", which counts for nothing until its box is there again. Each keeps its
    time, and they keep their order.

    Parameters
    ----------
    found
        The boxes of a galaxy now; it raises `ClumpscopeError` for a galaxy that there is not.

    Raises
    ------
    StoreError
        If decisions cannot be read or written.
    """
    events = decisions.since(0)
    if not events or events[-1].run == run:
        return Carried(0, [])
    old, galaxies = states(events, events[-1].run, lost=True)
    rows: list[tuple[int, tuple[Any, ...]]] = []
    lost: list[tuple[str, str]] = []
    for galaxy in sorted({*old, *galaxies}):
        boxes = old.get(galaxy, {})
        try:
            now = _now(boxes, *found(galaxy))
        except ClumpscopeError:
            now = dict.fromkeys(boxes)
        for key, said in boxes.items():
            new = now[key]
            if new is None and not _was_lost(key):
                lost.append((galaxy, key))
            name = f"{_LOST}{said[0].revision}" if new is None else new.key
            for one in said:
                state = one.state if new is None else _moved_on(one.state, new.box)
                what = (one.by, run, galaxy, name, "lost" if new is None else "carry", None)
                request = f"carry {one.revision} {run}"
                rows.append((one.revision, (*what, state.plain(), request, one.at)))
        for by, whole in galaxies.get(galaxy, {}).items():
            request = f"carry {galaxy} {by} {run} {events[-1].revision}"
            of_whole = (by, run, galaxy, WHOLE, "carry", None, whole.plain(), request, None)
            rows.append((events[-1].revision, of_whole))
    added = decisions.carry([row for _, row in sorted(rows, key=itemgetter(0))])
    return Carried(sum(event.action == "carry" for event in added), lost)


@dataclass(frozen=True)
class _New:
    """A box of the run as it is: its key, and where it is; ``None``: as it was drawn."""

    key: str
    box: tuple[float, ...] | None = None


def _now(
    old: Mapping[str, Sequence[Said]], keys: Sequence[str], boxes: NDArray[np.float64]
) -> dict[str, _New | None]:
    """What each box of a galaxy is now, given the keys and (N, 4) boxes that there are."""
    now: dict[str, _New | None] = {
        key: _New(key) for key, said in old.items() if said[0].state.source == "drawn"
    }
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


def _was_lost(key: str) -> bool:
    return key.startswith(_LOST)


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
    ids = ids_of(columns, path).astype(str)
    order = np.argsort(ids, kind="stable")
    rows = {str(sorted_ids[0]): part for part in _parts(ids, order) if len(sorted_ids := ids[part])}
    corners = np.column_stack([columns[name] for name in PLACES[2:]])
    numbers = columns["clump_id"]
    place = {galaxy_id: k for k, galaxy_id in enumerate(sample.ids)}

    def found(galaxy_id: str) -> tuple[Sequence[str], NDArray[np.float64]]:
        if galaxy_id not in place:
            raise TableError(expected_got("galaxy", "one of the sample", galaxy_id))
        mine = rows.get(galaxy_id, np.array([], dtype=np.intp))
        shape = sample.grid(place[galaxy_id], recipe.sample, recipe.limits).shape
        boxes = boxes_native_to_fraction(corners[mine], shape)
        return [box_key(int(number)) for number in numbers[mine]], boxes

    return found


def _parts(ids: NDArray[np.str_], order: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return np.split(order, np.flatnonzero(ids[order][1:] != ids[order][:-1]) + 1)
