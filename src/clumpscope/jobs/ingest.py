"""`ingest`: own files of any survey to a sample."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import in_order
from clumpscope.core.columns import DEC_NAMES, ID_NAMES, RA_NAMES
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.errors import ClumpscopeError, FolderError, RecipeError, TableError, expected_got
from clumpscope.jobs.cutting import Cutting, cut_apart
from clumpscope.jobs.filling import Written, fill
from clumpscope.jobs.foreign_files import found_in
from clumpscope.ops.columns import by_name
from clumpscope.ops.csv_cells import write_csv
from clumpscope.ops.ids import mended
from clumpscope.stages.fetch import survey as cutting
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.targets import Targets, make_targets
from clumpscope.stages.ingest.own_files import OwnFiles
from clumpscope.stages.ingest.understood import Understood
from clumpscope.store.atomic import atomic
from clumpscope.store.journal import Journal
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.output import output
from clumpscope.store.tables import read_parquet, read_user_table

UNDERSTOOD = "understood.csv"
_LONGEST = 64  # characters of an id
_TOLD = 5  # images, in a note
_COLUMNS = tuple(one.name for one in fields(Understood))


@dataclass(frozen=True, eq=False)
class Plan:
    """What would be made of files.

    Attributes
    ----------
    files
        As they were understood.
    targets
        Galaxies to be made: of images that are one galaxy each, or of a list.
    whole
        Ids of those whose image is kept as it is.
    notes
        What was passed over.
    """

    files: OwnFiles
    targets: Targets
    whole: frozenset[str]
    notes: tuple[str, ...] = ()


def plan(
    paths: Sequence[Path],
    recipe: Recipe,
    targets: Path | None = None,
    folder: Path | None = None,
) -> Plan:
    """Look at files, and find which galaxies are to be made of them.

    With a list, its galaxies are found on the images by their ids, if these are those of the
    files, else by their positions. A small image that shows one of them is kept whole.

    Parameters
    ----------
    folder
        Where the sample shall be written: what is there is no input.

    Raises
    ------
    FolderError, FrameError, RecipeError, TableError
        If nothing can be made of files, profile or list.
    """
    found = found_in(paths, apart=folder)
    files = OwnFiles.of(found.files, recipe.ingest, recipe.limits)
    notes = (*found.notes, *files.unused, *_bands_asked(files))
    whole = files.whole()
    if targets is not None:
        table, unknown = _placed(read_user_table(targets), whole)
        wanted = make_targets(table, targets)
        lost = {**unknown, **_with_ids(files.failed, wanted.ids, wanted.ids)}
        alone, unasked = _images_of(wanted, files, whole)
        if unasked:
            listed = ", ".join(unasked[:_TOLD]) + (" ..." if len(unasked) > _TOLD else "")
            notes = (*notes, f"{len(unasked)} images show no galaxy of the list: {listed}")
        return Plan(files, replace(wanted, lost=lost), alone, notes)
    if not files.places:
        why = next(iter((*files.failed.values(), *notes)), "no images")
        raise FolderError(expected_got(", ".join(map(str, paths)), "images", why))
    if not whole:
        names = ", ".join(list(files.places)[:3])
        raise FolderError(_too_large("images", f"larger ones: {names}", recipe))
    good, failed = _safe(whole)
    for name, place in files.places.items():
        if name not in whole:
            side = max(place.shape) * place.side_arcsec
            failed[name] = _too_large(name, f"one of {side:.4g} arcsec", recipe)
    if not good:
        raise FolderError(next(iter(failed.values())))
    rows = [(name, *place) for name, place in good.items()]
    wanted = make_targets(Table(rows=rows, names=("galaxy_id", "ra", "dec")), "images")
    lost = _with_ids({**files.failed, **failed}, wanted.ids)
    return Plan(files, replace(wanted, lost=lost), frozenset(good), notes)


def _bands_asked(files: OwnFiles) -> list[str]:
    """A note where bands were said, and the files name theirs themselves.

    Raises
    ------
    RecipeError
        If the files have none of the name.
    """
    asked = files.config.bands
    there = in_order(band for one in files.files.values() for band in one.bands)
    if not asked or not there or set(asked) == set(there):
        return []
    if strange := [band for band in asked if band not in there]:
        got = f"{' '.join(strange)} in --bands"
        raise RecipeError(expected_got("bands", f"those of the files, {' '.join(there)}", got))
    return [f"the files name their bands, {' '.join(there)}: all are taken, whatever --bands says"]


def _placed(table: Table, whole: Mapping[str, tuple[float, float]]) -> tuple[Table, dict[str, str]]:
    """A list without positions, with those of the images that its ids name; else as it is.

    Beside it the ids that no image has, with that reason.
    """
    theirs = by_name(table.colnames)
    column = next((theirs[name] for name in ID_NAMES if name in theirs), None)
    if column is None or any(name in theirs for name in (*RA_NAMES, *DEC_NAMES)):
        return table, {}
    ids = [mended(str(one)) for one in table[column]]
    known = np.array([one in whole for one in ids])
    if not known.any():
        return table, {}
    found = table[known]
    places = np.array([whole[one] for one in ids if one in whole])
    found["ra"], found["dec"] = places.T
    why = expected_got("id", "that of an image, where the list has no positions", "none of them")
    return found, {one: why for one in ids if one not in whole}


def _images_of(
    wanted: Targets, files: OwnFiles, whole: Mapping[str, object]
) -> tuple[frozenset[str], list[str]]:
    """Targets whose image is a small one that shows no other of them, and images of none."""
    ra, dec = (np.array([getattr(one, name) for one in wanted]) for name in ("ra", "dec"))
    places = files.fields(wanted.ids, ra, dec)
    shown = Counter(place for place in places if isinstance(place, str))
    alone = frozenset(
        one
        for one, place in zip(wanted.ids, places, strict=True)
        if isinstance(place, str) and place in whole and shown[place] == 1
    )
    return alone, [name for name in files.places if name not in shown]


def _too_large(what: object, got: str, recipe: Recipe) -> str:
    most = f"{recipe.ingest.whole_arcsec:g} arcsec or less ([ingest] whole_arcsec)"
    return expected_got(what, most, got, "give the galaxies' positions with --targets")


def _safe(
    whole: Mapping[str, tuple[float, float]],
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Images whose names can be ids, and why others cannot."""
    good: dict[str, tuple[float, float]] = {}
    failed: dict[str, str] = {}
    first: dict[str, str] = {}
    for name, place in whole.items():
        other = first.setdefault(name.lower(), name)  # some file systems do not tell case apart
        try:
            check_galaxy_id(name)
            if other != name:
                raise TableError(expected_got("id", "each once, in any case", f"{other}, {name}"))
            good[name] = place
        except ClumpscopeError as error:
            failed[name] = f"{error}; rename its files"
    return good, failed


def _with_ids(
    failed: Mapping[str, str], ids: Iterable[str], known: Container[str] = ()
) -> dict[str, str]:
    """What failed by ids that are safe, and none of ``ids``; ``known`` ones are told elsewhere."""
    taken = {one.lower() for one in ids}
    found = {}
    for name, why in failed.items():
        if name in known:
            continue
        start = mended(name) or "file"
        number, one = 1, start[:_LONGEST]
        while one.lower() in taken:
            number += 1
            end = f"-{number}"
            one = start[: _LONGEST - len(end)] + end
        taken.add(one.lower())
        found[one] = why
    return found


def ingest(
    made: Plan,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    resume: bool = False,
    workers: Workers = 1,
    progress: Progress = silent,
) -> QTable:
    """Write a sample of own files, and how they were understood; returns the failures.

    Parameters
    ----------
    made
        See `plan`.
    size_arcsec
        Side of what is cut out of larger images; by default as `fetch` has it.
    workers
        Processes, or an executor, that cut images; the sample does not depend on it.

    Raises
    ------
    StoreError
        If the folder holds anything or cannot be written, or no galaxy could be made.
    """
    files, targets = made.files, made.targets
    paths = files.paths
    states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    key = {
        "recipe": sha256_json([recipe.model_dump(mode="json"), size_arcsec]),
        "survey profile": sha256_json(files.profile.model_dump(mode="json")),
        "target list": sha256_json([vars(target) for target in targets]),
        "files": sha256_json(states),
    }
    with output(folder, key, resume=resume) as place:
        if place.finished:
            return read_parquet(folder / "failures.parquet")
        journal = Journal(place.work / "understood.jsonl")

        whole = made.whole if size_arcsec is None else frozenset()
        config, limits = recipe.fetch, recipe.limits
        told: set[str] = set()

        def tell(understood: Mapping[str, list[Understood]]) -> None:
            for field in understood.keys() - told:
                journal.add({"rows": [asdict(row) for row in understood[field]]})
                told.add(field)

        def cut(missing: Targets) -> Iterator[Fetched | Written | FetchFailure]:
            if workers == 1:
                for result in cutting.fetch(
                    files, missing, config, size_arcsec, whole=whole, limits=limits
                ):
                    tell(files.understood)
                    yield result
                return
            how = Cutting(folder / "images", config, size_arcsec, limits, whole)
            for done in cut_apart(files, missing, how, workers):
                if done.survey is not None:
                    tell(done.survey.understood)
                yield from done.results

        failures = fill(place, cut, targets, progress, recipe.fetch.compression)
        _write(folder / UNDERSTOOD, journal)
        place.finish(
            RunManifest(
                command="ingest",
                recipe=recipe.model_dump(mode="json"),
                inputs={
                    "files": ", ".join(map(str, paths[:20])),
                    "survey": files.survey or "unknown",
                    "targets": targets.where,
                },
                counts={
                    "files": len(paths),
                    "targets": len(targets),
                    "failed": len(failures),
                },
            )
        )
    return failures


def _write(path: Path, journal: Journal) -> None:
    """How each band was understood, a row each."""
    rows = [tuple(row.values()) for entry in journal.read() for row in entry["rows"]]
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, [_COLUMNS, *sorted(set(rows))])
