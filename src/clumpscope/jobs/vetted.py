"""What people decided of a run: told to others, put in its catalogue."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable

from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.jobs.clump_keys import PLACES, box_key, key_of, run_key
from clumpscope.jobs.said import Boxes, Galaxies, states
from clumpscope.ops.csv_cells import write_csv
from clumpscope.stages import vet as stage
from clumpscope.store.atomic import atomic, new_file
from clumpscope.store.columnar import read_columns
from clumpscope.store.decisions import FILE, Decisions
from clumpscope.store.json_text import json_of


def export(path: Path, how: str = "latest") -> dict[str, Any]:
    """The decisions in a file as a document, those on the run that it was used for last.

    Raises
    ------
    StoreError
        If they cannot be read.
    """
    boxes, galaxies, run = _last(path)
    return stage.document(boxes, galaxies, run, how, _keys(path.parent, run))


def is_log(path: Path) -> bool:
    """Whether decisions lie in a file as they were made, and not as a document of them."""
    return path.suffix == ".sqlite"


def looks(document: Mapping[str, Any]) -> dict[str, int]:
    """How many people looked through each galaxy of a document, of those that are vetted.

    Such a galaxy is skipped by nobody, and somebody decided on a box or said that nothing is
    missed. No box of the run is left undecided; where that is not known, as the run was made anew
    since, somebody said that nothing is missed.
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
        undecided = galaxy.get("undecided")
        whole = galaxy.get("nothing_missed") if undecided is None else not undecided
        if decided and whole and not galaxy.get("skipped"):
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
    columns = read_columns(path, PLACES) if path.is_file() else None
    if columns is None or key_of(columns, path) != run:
        return None
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


def decided_in(folder: Path) -> Boxes:
    """What people decided of the clumps of a run; nothing if nobody did.

    Raises
    ------
    StoreError, TableError
        If decisions or positions cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    decisions = Decisions(path, read_only=True)
    try:
        boxes, _ = states(decisions.since(0), run_key(folder))
    finally:
        decisions.close()
    return boxes


def with_vetted(catalogue: QTable, boxes: Boxes) -> QTable:
    """A catalogue with what people decided of its clumps."""
    if not boxes or not len(catalogue):
        return catalogue
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
