"""Decisions of people on a run, carried to the run as it is made anew."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.jobs.clump_keys import PLACES, box_key, run_key
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, GalaxyState, Said
from clumpscope.store.columnar import ids_of, read_columns
from clumpscope.store.decisions import FILE, WHOLE, Decisions
from clumpscope.store.events import Event
from clumpscope.store.sample import Sample

Boxes = dict[str, dict[str, list[Said]]]
Galaxies = dict[str, dict[str, GalaxyState]]
# Keys of a galaxy's boxes, and the boxes (N, 4) as fractions.
Found = Callable[[str], tuple[Sequence[str], NDArray[np.float64]]]


@dataclass(frozen=True)
class Carried:
    """How many decisions a run made anew keeps; galaxies and boxes that it does not have."""

    kept: int
    lost: list[tuple[str, str]]


def states(events: Sequence[Event], run: str) -> tuple[Boxes, Galaxies]:
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
        try:
            if event.box == WHOLE:
                state = GalaxyState.of(event.after) if event.after else GalaxyState()
                galaxies[event.galaxy][event.by] = state
            elif event.after is None or event.action == "lost":
                boxes[event.galaxy, event.box].pop(event.by, None)
            else:
                said = Said(event.by, event.at, event.revision, BoxState.of(event.after))
                boxes[event.galaxy, event.box][event.by] = said
        except ValueError as error:
            raise FolderError(f"decisions, event {event.revision}: {error}") from error
    found: Boxes = defaultdict(dict)
    for (galaxy, box), people in boxes.items():
        if people:
            found[galaxy][box] = list(people.values())
    return dict(found), dict(galaxies)


def carry(decisions: Decisions, run: str, found: Found) -> Carried:
    """Bring the decisions on the run as it was before to the run as it is.

    Boxes that overlap by `LEAST_IOU` or more are the same; drawn ones stay. What has no box now
    is not forgotten: its events stay, and it comes back with its box.

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
    old, galaxies = states(events, events[-1].run)
    rows: list[tuple[Any, ...]] = []
    lost: list[tuple[str, str]] = []
    for galaxy in sorted({*old, *galaxies}):
        try:
            keys, boxes = found(galaxy)
        except ClumpscopeError:
            lost += [(galaxy, key) for key in old.get(galaxy, {})]
            continue
        names = [key for key, said in old.get(galaxy, {}).items() if _of_model(said)]
        origins = np.array([old[galaxy][key][0].state.origin for key in names]).reshape(-1, 4)
        now = dict(zip(names, stage.rematched(origins, boxes).tolist(), strict=True))
        for key, said in old.get(galaxy, {}).items():
            place = now.get(key)
            if place == -1:
                lost.append((galaxy, key))
                continue
            for one in said:
                state = one.state
                if place is not None:
                    state = _moved_on(state, tuple(boxes[place].tolist()))
                after = state.plain()
                request = f"carry {one.revision} {run}"
                name = key if place is None else keys[place]
                rows.append((one.by, run, galaxy, name, "carry", None, after, request))
        rows += [
            (by, run, galaxy, WHOLE, "carry", None, one.plain(), f"carry {galaxy} {by} {run}"
             f" {events[-1].revision}")
            for by, one in galaxies.get(galaxy, {}).items()
        ]  # fmt: skip
    return Carried(decisions.carry(rows), lost)


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


def _of_model(said: Sequence[Said]) -> bool:
    return said[0].state.source == "model"


def _moved_on(state: BoxState, origin: Any) -> BoxState:  # noqa: ANN401  (four numbers)
    """The state with the box of the run as it is now; a box that somebody moved stays there."""
    box = origin if state.box == state.origin else state.box
    return replace(state, origin=origin, box=box)


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
