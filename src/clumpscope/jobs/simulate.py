"""Samples made from nothing or from frames: drives `simulate` and `fetch`, writes the folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import native_to_fraction
from clumpscope.core.marks import Kind
from clumpscope.core.records import FAILURES, HOSTS, LABELS, TRUTH, record_table
from clumpscope.core.schema import ColumnSpec, plain, rows_by_id
from clumpscope.engine.local import ordered_map, shards
from clumpscope.errors import ImageError, StoreError, expected_got
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from clumpscope.stages.fetch.cutout import FetchFailure, fetch_sdss
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.stages.simulate.inject import inject
from clumpscope.stages.simulate.survey import SimulatedGalaxy, simulate_galaxy
from clumpscope.stages.simulate.volunteers import (DEEDS, PICTURE_PX, TOOLS, Population, deeds, looks, population, sights)
from clumpscope.store.atomic import new_folder
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample, require_galaxy
from clumpscope.store.tables import write_parquet

Columns = dict[str, object]
Progress = Callable[[int], None]

_SHARD = 32


def galaxy_ids(n: int) -> list[str]:
    """Ids of a simulated survey: sim000001 and so on."""
    return [f"sim{k:06d}" for k in range(1, n + 1)]


def simulate(
    folder: Path,
    galaxies: int | None,
    recipe: Recipe,
    workers: int,
    progress: Progress = lambda _: None,
    *,
    hosts: Path | None = None,
    resume: bool = False,
) -> int:
    """Write a simulated survey as a sample directory with truth and labels.

    Parameters
    ----------
    folder
        New or empty; with ``resume``, one whose making was interrupted.
    galaxies
        How many. With ``hosts``, ``None`` takes each of them once, and a larger number takes
        them again and again.
    progress
        Is told how many galaxies have been added.
    hosts
        A sample into whose images clumps are injected, instead of simulated galaxies. Those
        that cannot be used become rows of ``failures.parquet``. Its own truth and labels
        are kept.

    Returns
    -------
    Number of galaxies written.

    Raises
    ------
    StoreError, TableError
        If the folder holds anything or cannot be written, or the hosts cannot be read.
    """
    key: dict[str, object] = {"recipe": sha256_json([recipe.model_dump(mode="json"), galaxies])}
    make: Callable[[int], SimulatedGalaxy]
    if hosts is None:
        ids = galaxy_ids(galaxies or 0)
        make = partial(_simulated, ids, recipe)
    else:
        _hosts.cache_clear()  # the sample may have changed since another call
        sample = Sample.open(hosts)
        key["sample"] = sample.fingerprint()
        ids = copy_ids(sample.ids, galaxies or len(sample))
        make = partial(_injected, hosts, ids, recipe)
    total = len(ids)
    store = Run.create(folder, key, resume=resume)
    parts = shards(range(total), _SHARD)
    todo = [(number, part) for number, part in enumerate(parts) if not store.has(number)]
    progress(total - sum(len(part) for _, part in todo))
    work = partial(_write_shard, folder, ids, make)
    for done in ordered_map(work, todo, min(workers, max(len(todo), 1))):
        progress(done)
    names = ["hosts", "truth", "labels", *([] if hosts is None else ["failures"])]
    tables = {name: store.gather(name, len(parts)) for name in names}
    made = len(tables["hosts"])
    if not made:
        raise StoreError(expected_got(f"sample {folder}", "at least one usable galaxy", "none"))
    for name, table in tables.items():
        store.write(name, table)
    RunManifest(
        command="simulate",
        recipe=recipe.model_dump(mode="json"),
        seed=recipe.seed,
        inputs={} if hosts is None else {"hosts": str(hosts.resolve())},
        counts={"galaxies": made, "failed": total - made},
    ).write(folder)
    store.close()
    return made


def ask_volunteers(
    folder: Path, looks: int, recipe: Recipe, workers: int, progress: Progress = lambda _: None
) -> int:
    """Let ``looks`` simulated volunteers mark each galaxy of a sample with truth.

    Writes ``classifications.csv.gz`` in Panoptes' form, and the volunteers' true skills and what
    they really did (`DEEDS`), ``volunteers.parquet``, into the sample.
    Returns the number of classifications.

    Raises
    ------
    StoreError, TableError
        If the sample or its truth cannot be read.
    ImageError
        If a galaxy has no calibrated image.
    """
    sample = Sample.open(folder)
    truth = sample.truth()
    rows = rows_by_id(truth)
    config = recipe.volunteers
    count = max(3 * looks, round(len(sample) * looks / config.images_each))
    who = population(count, config, recipe.seed)
    none = np.array([], dtype=np.intp)
    items = [(k, truth[rows.get(name, none)]) for k, name in enumerate(sample.ids)]
    work = partial(_looks, folder, who, looks, recipe)

    done = np.zeros((count, len(DEEDS)))

    def classifications() -> Iterator[Classification]:
        for part in ordered_map(work, shards(items, _SHARD), workers):
            for k, one, did in part:
                done[k] += did
                yield one
            progress(len({one.subject for _, one, _ in part}))

    written = write_export(folder / "classifications.csv.gz", classifications())
    columns = {**vars(who), **dict(zip((f"n_{name}" for name in DEEDS), done.T, strict=True))}
    write_parquet(QTable(columns), folder / "volunteers.parquet")
    return written


def _looks(
    folder: Path,
    who: Population,
    count: int,
    recipe: Recipe,
    items: Sequence[tuple[int, QTable]],
) -> list[tuple[int, Classification, NDArray[np.float64]]]:
    """Volunteer, classification and deeds of each look at some galaxies."""
    sample = Sample.open(folder)
    names = [TOOLS[kind] for kind in Kind]
    made = []
    for index, truth in items:
        image = require_galaxy(sample.read(index, recipe.detect))
        rng = np.random.default_rng([recipe.seed, 78, *image.galaxy_id.encode()])
        xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
        flux = {band: plain(truth, f"flux_{band}") for band in image.bands}
        seen = sights(image, xy, plain(truth, "label"), flux, recipe.volunteers)
        ny, nx = image.shape
        scale = PICTURE_PX / max(ny, nx)
        size = round(nx * scale), round(ny * scale)
        side = 2 * image["r"].psf_fwhm_arcsec / image.pixscale_arcsec * scale
        about = {"galaxy_id": image.galaxy_id, recipe.consensus.box_side_key: round(side, 3)}
        for k, drawn in looks(seen, who, count, image, recipe.volunteers, rng).items():
            at = native_to_fraction(drawn.xy, image.shape) * size
            marks = [
                (round(float(x), 3), round(float(y), 3), int(kind) - 1, names[int(kind) - 1])
                for (x, y), kind in zip(at, drawn.kind, strict=True)
            ]
            one = Classification(index + 1, about, size, str(who.name[k]), marks)
            made.append((k, one, deeds(seen, drawn, side / 2 / scale)))
    return made


def fetch(
    targets: Table,
    where: object,
    frames: Path,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    progress: Progress = lambda _: None,
) -> QTable:
    """Write a sample cut from a local mirror of SDSS frames; returns the failures.

    ``targets`` is a user's table and ``where`` names it in messages. Each galaxy's image is
    written as it comes; the tables follow in the order of the targets.

    Raises
    ------
    TableError
        If the target list cannot be used.
    FrameError
        If the mirror holds no frames.
    StoreError
        If the folder holds anything or cannot be written, or no target could be cut out.
    """
    wanted = make_targets(targets, where)
    mirror = open_mirror(frames)
    new_folder(folder)
    hosts: dict[str, Columns] = {}
    failed: list[Columns] = []
    for result in fetch_sdss(wanted, mirror, recipe.fetch, size_arcsec):
        if isinstance(result, FetchFailure):
            failed.append(asdict(result))
        else:
            write_galaxy(folder / "images" / f"{result.image.galaxy_id}.fits", result.image)
            hosts[result.image.galaxy_id] = result.host
        progress(1)
    failures = _rows(FAILURES, failed)
    write_parquet(failures, folder / "failures.parquet")
    if not hosts:
        raise StoreError(
            expected_got(f"sample {folder}", "at least one target cut out", failed[0]["error"])
        )
    order = [target.galaxy_id for target in wanted if target.galaxy_id in hosts]
    write_parquet(_rows(HOSTS, [hosts[galaxy_id] for galaxy_id in order]), folder / "hosts.parquet")
    RunManifest(
        command="fetch sdss",
        recipe=recipe.model_dump(mode="json"),
        inputs={
            "targets": str(where),
            "frames": str(frames.resolve()),
            "size_arcsec": "field_r90" if size_arcsec is None else str(size_arcsec),
        },
        counts={"targets": len(order) + len(failed), "failed": len(failed)},
    ).write(folder)
    return failures


def copy_ids(ids: list[str], n: int) -> list[str]:
    """``n`` ids, taking the given ones again and again; copies end in ``.2``, ``.3``."""
    rounds = ((k // len(ids) + 1, ids[k % len(ids)]) for k in range(n))
    return [name if turn == 1 else f"{name}.{turn}" for turn, name in rounds]


def _simulated(ids: list[str], recipe: Recipe, index: int) -> SimulatedGalaxy:
    return simulate_galaxy(ids[index], recipe.simulate, recipe.seed)


def _injected(hosts: Path, ids: list[str], recipe: Recipe, index: int) -> SimulatedGalaxy:
    """A host with clumps injected, whose own truth and labels follow the new ones."""
    sample, before = _hosts(hosts)
    row = index % len(sample)
    image = require_galaxy(sample.read(row, recipe.detect))
    host = {spec.name: sample.hosts[spec.name][row] for spec in HOSTS}
    host = {name: getattr(value, "value", value) for name, value in host.items()}
    host["galaxy_id"] = ids[index]
    made = inject(replace(image, galaxy_id=ids[index]), host, recipe.simulate, recipe.seed)
    truth, labels = (before[kind].get(sample.ids[row]) for kind in ("truth", "labels"))
    return replace(
        made,
        truth=_after(made.truth, truth, ids[index]),
        labels=_after(made.labels, labels, ids[index]),
    )


@lru_cache(maxsize=1)
def _hosts(folder: Path) -> tuple[Sample, dict[str, dict[str, Columns]]]:
    """A sample of hosts, and its truth and labels by galaxy where it has them."""
    sample = Sample.open(folder)
    tables = {"truth": TRUTH, "labels": LABELS}
    before: dict[str, dict[str, Columns]] = {}
    for name, kind in tables.items():
        before[name] = {}
        if (folder / f"{name}.parquet").is_file():
            table = sample.truth() if name == "truth" else sample.labels()
            columns = {spec.name: plain(table, spec.name) for spec in kind}
            for galaxy_id, rows in rows_by_id(table).items():
                before[name][galaxy_id] = {key: value[rows] for key, value in columns.items()}
    return sample, before


def _after(new: Columns, old: Columns | None, galaxy_id: str) -> Columns:
    """New rows, then the old ones, under one galaxy's id and numbered anew."""
    if old is None:
        return new
    joined: Columns = {
        name: np.concatenate([np.asarray(new[name]), np.asarray(old[name])])
        for name in new
        if name not in ("galaxy_id", "clump_id")
    }
    length = len(np.asarray(joined["label"]))
    joined["galaxy_id"] = [galaxy_id] * length
    if "clump_id" in new:
        joined["clump_id"] = np.arange(1, length + 1)
    return joined


def _write_shard(
    folder: Path,
    ids: list[str],
    make: Callable[[int], SimulatedGalaxy],
    task: tuple[int, Sequence[int]],
) -> int:
    """Make and write the galaxies of one shard; returns how many it was asked for."""
    number, indices = task
    made: list[SimulatedGalaxy] = []
    failed: list[Columns] = []
    for index in indices:
        try:
            made.append(make(index))
        except ImageError as error:
            failed.append({"galaxy_id": ids[index], "stage": "simulate", "error": str(error)})
    for galaxy in made:
        write_galaxy(folder / "images" / f"{galaxy.image.galaxy_id}.fits", galaxy.image)
    tables = {
        "hosts": _rows(HOSTS, [galaxy.host for galaxy in made]),
        "truth": _joined(TRUTH, [galaxy.truth for galaxy in made]),
        "labels": _joined(LABELS, [galaxy.labels for galaxy in made]),
        "failures": _rows(FAILURES, failed),
    }
    Run(folder).write_shard(number, tables)
    return len(indices)


def _rows(kind: list[ColumnSpec], rows: list[Columns]) -> QTable:
    """A table from one dictionary a row."""
    names = list(rows[0]) if rows else []
    return record_table(kind, {name: [row[name] for row in rows] for name in names})


def _joined(kind: list[ColumnSpec], parts: list[Columns]) -> QTable:
    """A table from dictionaries of columns, one after the other."""
    names = list(parts[0]) if parts else []
    return record_table(
        kind,
        {name: [value for part in parts for value in part[name]] for name in names},  # type: ignore[attr-defined]
    )
