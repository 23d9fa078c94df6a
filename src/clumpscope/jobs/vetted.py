"""What people decided of a run: carried to one made anew, told to others, put in its catalogue."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.ops.csv_cells import write_csv
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, GalaxyState, Said
from clumpscope.store.atomic import atomic, new_file
from clumpscope.store.columnar import ids_of, read_columns
from clumpscope.store.decisions import FILE, WHOLE, Decisions, Event
from clumpscope.store.json_text import json_of
from clumpscope.store.sample import Sample

PLACES = ("galaxy_id", "clump_id", *(f"clump_px_{name}" for name in CORNERS))
Boxes = dict[str, dict[str, list[Said]]]
Galaxies = dict[str, dict[str, GalaxyState]]
# Keys of a galaxy's boxes, and the boxes (N, 4) as fractions.
Found = Callable[[str], tuple[Sequence[str], NDArray[np.float64]]]


@dataclass(frozen=True)
class Carried:
    """How many decisions a run made anew keeps; galaxies and boxes that it does not have."""

    kept: int
    lost: list[tuple[str, str]]


def box_key(clump_id: int) -> str:
    """The name of a clump's box in its galaxy."""
    return f"c{clump_id}"


def clumps_file(folder: Path) -> Path | None:
    """The table of a run's clumps: its catalogue, or the positions, if it is missing or outdated.

    Raises
    ------
    StoreError, TableError
        If one cannot be read.
    """
    positions, catalogue = (folder / f"{name}.parquet" for name in ("positions", "catalogue"))
    if not positions.is_file():
        return None
    if catalogue.is_file() and places_key(catalogue) == places_key(positions):
        return catalogue
    return positions


def places_key(path: Path) -> str:
    """Hash of the boxes of a table of clumps, by which a run is known.

    Raises
    ------
    StoreError, TableError
        If it cannot be read, or lacks a column.
    """
    return key_of(read_columns(path, PLACES), path)


def key_of(columns: Mapping[str, NDArray[Any]], path: Path) -> str:
    """`places_key` of columns that have been read.

    Raises
    ------
    TableError
        If one is missing.
    """
    missing = set(PLACES) - set(columns)
    if missing:
        raise TableError(expected_got(path, f"columns {', '.join(PLACES)}", f"no {min(missing)}"))
    ids = ids_of(dict(columns), path).astype(str)
    order = np.lexsort((columns["clump_id"], ids))
    whole = hashlib.sha256("\n".join(ids[order].tolist()).encode())
    for name in PLACES[1:]:
        whole.update(_rounded(columns[name][order], 1e3))
    return whole.hexdigest()[:16]


def run_key(folder: Path) -> str:
    """By what the decisions on a run's boxes are known; another, if its boxes are others.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read.
    """
    path = folder / "positions.parquet"
    if path.is_file():
        return places_key(path)
    detections = read_columns(folder / "detections.parquet", ("galaxy_id", *CORNERS))
    ids = ids_of(detections, folder / "detections.parquet")
    whole = hashlib.sha256("\n".join(ids.tolist()).encode())
    for name in CORNERS:
        whole.update(_rounded(detections[name], 1e6))
    return whole.hexdigest()[:16]


def _rounded(values: NDArray[Any], scale: float) -> bytes:
    """Numbers to a fixed number of digits, as bytes to be hashed."""
    with np.errstate(over="ignore"):
        scaled = np.nan_to_num(np.round(values.astype(float) * scale), nan=-1.0)
    return np.clip(scaled, -1e15, 1e15).astype(np.int64).tobytes()


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


def export(path: Path, how: str = "latest") -> dict[str, Any]:
    """The decisions in a file as a document, those on the run that it was used for last.

    Raises
    ------
    StoreError
        If they cannot be read.
    """
    boxes, galaxies, run = _last(path)
    return stage.document(boxes, galaxies, run, how, _keys(path.parent, run))


def looks(document: Mapping[str, Any]) -> dict[str, int]:
    """How many people looked through each galaxy of a document, of those that are vetted.

    Such a galaxy is skipped by nobody, no box of the run is left undecided where that is known,
    and somebody decided on a box or said that nothing is missed.
    """
    found = {}
    for galaxy in document["galaxies"]:
        decided = {
            person["by"]
            for box in galaxy["boxes"]
            for person in box.get("people", [])
            if person["state"] != "undecided"
        }
        decided |= {by for by, said in galaxy.get("people", {}).items() if said["nothing_missed"]}
        if decided and not galaxy.get("skipped") and not galaxy.get("undecided"):
            found[str(galaxy["galaxy_id"])] = len(decided)
    return found


def looks_of(document: Mapping[str, Any], where: object) -> dict[str, int]:
    """`looks` of a document that others may have written.

    Raises
    ------
    TableError
        If it is none.
    """
    try:
        return looks(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise TableError(f"{where}: not a document of decisions: {error!r:.100}") from None


def _keys(folder: Path, run: str) -> dict[str, list[str]] | None:
    """Keys of the boxes of the run that a file of decisions lies in; ``None`` if it is another."""
    path = folder / "positions.parquet"
    if not path.is_file() or places_key(path) != run:
        return None
    columns = read_columns(path, PLACES)
    found: dict[str, list[str]] = defaultdict(list)
    for galaxy, number in zip(columns["galaxy_id"], columns["clump_id"].tolist(), strict=True):
        found[str(galaxy)].append(box_key(number))
    return found


def write_export(path: Path, out: Path) -> int:
    """Write the decisions in a file as JSON or CSV, as the name ends; how many boxes.

    Raises
    ------
    StoreError, TableError
        If they cannot be read or written, or the name ends otherwise.
    """
    if out.suffix not in (".json", ".csv"):
        raise TableError(expected_got(out, "a name ending in .json or .csv", out.suffix or "none"))
    boxes, galaxies, run = _last(path)
    new_file(out)
    with atomic(out) as temporary, temporary.open("w", encoding="utf-8") as stream:
        if out.suffix == ".json":
            keys = _keys(path.parent, run)
            stream.write(json_of(stage.document(boxes, galaxies, run, found=keys)))
        else:
            write_csv(stream, stage.rows(boxes))
    return sum(map(len, boxes.values()))


def agreement_of(path: Path) -> stage.Agreement:
    """How far those agree whose decisions are in a file.

    Raises
    ------
    StoreError
        If they cannot be read.
    """
    boxes, _, _ = _last(path)
    return stage.agreement(said for keys in boxes.values() for said in keys.values())


def _last(path: Path) -> tuple[Boxes, Galaxies, str]:
    """What a file of decisions says of the run that it was used for last, and that run's key."""
    if not path.is_file():
        raise FolderError(f"{path}: no such file")
    decisions = Decisions(path, read_only=True)
    try:
        events = decisions.since(0)
    finally:
        decisions.close()
    run = events[-1].run if events else ""
    return *states(events, run), run


def with_vetted(catalogue: QTable, folder: Path) -> QTable:
    """The catalogue of a run with what people decided of its clumps, if they have.

    Raises
    ------
    StoreError, TableError
        If decisions or positions cannot be read.
    """
    path = folder / FILE
    if not path.is_file() or not len(catalogue):
        return catalogue
    decisions = Decisions(path, read_only=True)
    try:
        boxes, _ = states(decisions.since(0), run_key(folder))
    finally:
        decisions.close()
    ids, numbers = plain(catalogue, "galaxy_id").astype(str), plain(catalogue, "clump_id")
    vetted = np.zeros(len(catalogue), dtype=bool)
    label = np.zeros(len(catalogue), dtype=np.int32)
    people = [""] * len(catalogue)
    for row, (galaxy, number) in enumerate(zip(ids.tolist(), numbers.tolist(), strict=True)):
        said = boxes.get(galaxy, {}).get(box_key(number), ())
        decided = [one for one in said if stage.verdict(one.state) >= 0]
        last = stage.latest(decided)
        if last is not None:
            vetted[row], label[row] = True, stage.verdict(last.state)
            people[row] = ", ".join(sorted({one.by for one in decided}))
    done = catalogue.copy()
    for name, values in (("vetted", vetted), ("vetted_by", people), ("vetted_label", label)):
        info = catalogue[name].info
        done[name] = np.asarray(values)
        done[name].info.description, done[name].info.meta = info.description, info.meta
    return done
