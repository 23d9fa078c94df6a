"""`ingest`: own files of any survey to a sample."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import Progress, silent
from clumpscope.errors import FolderError, expected_got
from clumpscope.jobs.cutting import Cutting, cut_apart
from clumpscope.jobs.filling import Written, fill
from clumpscope.ops.csv_cells import write_csv
from clumpscope.ops.ids import mended
from clumpscope.stages.fetch import survey as cutting
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.targets import Targets, make_targets
from clumpscope.stages.ingest.extensions import is_fits
from clumpscope.stages.ingest.own_files import OwnFiles
from clumpscope.stages.ingest.understood import Understood
from clumpscope.store.atomic import atomic
from clumpscope.store.journal import Journal
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.output import output
from clumpscope.store.tables import read_parquet, read_user_table

UNDERSTOOD = "understood.csv"
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
    """

    files: OwnFiles
    targets: Targets
    whole: frozenset[str]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """FITS files given, and those in folders given, at any depth.

    Raises
    ------
    FolderError
        If a path is not there, or there are no such files.
    """
    found: list[Path] = []
    given = list(paths)
    for path in given:
        if path.is_dir():
            found += (one for one in path.rglob("*") if is_fits(one) and one.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise FolderError(expected_got(path, "a file or a folder", "nothing there"))
    if not found:
        names = ", ".join(map(str, given))
        raise FolderError(expected_got(names, "FITS files (.fits, .fit, .fz, .gz)", "none"))
    return sorted(dict.fromkeys(found))


def plan(paths: Sequence[Path], recipe: Recipe, targets: Path | None = None) -> Plan:
    """Look at files, and find which galaxies are to be made of them.

    With a list, its galaxies are found on the images by their ids, which are then those of the
    files, or by their positions.

    Raises
    ------
    FolderError, FrameError, RecipeError, TableError
        If nothing can be made of files, profile or list.
    """
    files = OwnFiles.of(files_of(paths), recipe.ingest, recipe.limits)
    whole = files.whole()
    lost = {mended(name)[:64]: why for name, why in files.failed.items()}
    if targets is not None:
        wanted = make_targets(read_user_table(targets), targets)
        return Plan(files, replace(wanted, lost=lost), frozenset(wanted.ids) & whole.keys())
    if not files.places:
        why = next(iter(files.failed.values()), "no images")
        raise FolderError(expected_got(", ".join(map(str, paths)), "images", why))
    if not whole:
        most = f"{recipe.ingest.whole_arcsec:g} arcsec or less ([ingest] whole_arcsec)"
        names = ", ".join(list(files.places)[:3])
        remedy = "give the galaxies' positions with --targets"
        raise FolderError(expected_got("images", most, f"larger ones: {names}", remedy))
    rows = [(name, *place) for name, place in whole.items()]
    table = Table(rows=rows, names=("galaxy_id", "ra", "dec"))
    wanted = make_targets(table, "images")
    return Plan(files, replace(wanted, lost=lost), frozenset(whole))


def ingest(
    made: Plan,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    resume: bool = False,
    workers: int = 1,
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
        Processes that cut images; the sample does not depend on it.

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
        config, seconds = recipe.fetch, recipe.limits.seconds
        told: set[str] = set()

        def tell(understood: Mapping[str, list[Understood]]) -> None:
            for field in understood.keys() - told:
                journal.add({"rows": [asdict(row) for row in understood[field]]})
                told.add(field)

        def cut(missing: Targets) -> Iterator[Fetched | Written | FetchFailure]:
            if workers == 1:
                for result in cutting.fetch(
                    files, missing, config, size_arcsec, whole=whole, seconds=seconds
                ):
                    tell(files.understood)
                    yield result
                return
            how = Cutting(folder / "images", config, size_arcsec, seconds, whole)
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
