"""Samples made from nothing or from frames: drives `simulate` and `fetch`, writes the folder."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.config import Recipe, SimulateConfig
from clumpscope.core.frames import native_to_fraction
from clumpscope.core.marks import Kind
from clumpscope.core.records import FAILURES, HOSTS, LABELS, TRUTH, record_table
from clumpscope.core.schema import ColumnSpec, plain, rows_by_id
from clumpscope.engine import ordered_map, shards
from clumpscope.errors import StoreError, expected_got
from clumpscope.fetch.mirror import open_mirror
from clumpscope.fetch.sdss import FetchFailure, fetch_sdss
from clumpscope.fetch.targets import make_targets
from clumpscope.simulate.survey import simulate_galaxy
from clumpscope.simulate.volunteers import (
    DEEDS,
    PICTURE_PX,
    TOOLS,
    Population,
    deeds,
    looks,
    population,
    sights,
)
from clumpscope.store.atomic import new_folder
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample, require_galaxy
from clumpscope.store.tables import write_parquet

Columns = dict[str, object]
Progress = Callable[[int], None]

_SHARD = 32


@dataclass(frozen=True, eq=False)
class _Shard:
    """Rows of the tables for a few galaxies; their images are on disk already."""

    hosts: list[Columns]
    truth: list[Columns]
    labels: list[Columns]


def galaxy_ids(n: int) -> list[str]:
    """Ids of a simulated survey: sim000001 and so on."""
    return [f"sim{k:06d}" for k in range(1, n + 1)]


def simulate(
    folder: Path, galaxies: int, recipe: Recipe, workers: int, progress: Progress = lambda _: None
) -> None:
    """Write a simulated survey as a sample directory with truth and labels.

    ``progress`` is told how many galaxies have been added.

    Raises
    ------
    StoreError
        If the folder holds anything or cannot be written.
    """
    new_folder(folder)
    (folder / "images").mkdir()
    work = partial(_simulate_shard, folder / "images", recipe.simulate, recipe.seed)
    hosts: list[Columns] = []
    truth: list[Columns] = []
    labels: list[Columns] = []
    for shard in ordered_map(work, shards(galaxy_ids(galaxies), _SHARD), workers):
        hosts += shard.hosts
        truth += shard.truth
        labels += shard.labels
        progress(len(shard.hosts))
    write_parquet(_rows(HOSTS, hosts), folder / "hosts.parquet")
    write_parquet(_joined(TRUTH, truth), folder / "truth.parquet")
    write_parquet(_joined(LABELS, labels), folder / "labels.parquet")
    RunManifest(
        command="simulate",
        recipe=recipe.model_dump(mode="json"),
        seed=recipe.seed,
        counts={"galaxies": galaxies},
    ).write(folder)


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


def _simulate_shard(images: Path, config: SimulateConfig, seed: int, ids: Iterable[str]) -> _Shard:
    shard = _Shard([], [], [])
    for galaxy_id in ids:
        galaxy = simulate_galaxy(galaxy_id, config, seed)
        write_galaxy(images / f"{galaxy_id}.fits", galaxy.image)
        shard.hosts.append(galaxy.host)
        shard.truth.append(galaxy.truth)
        shard.labels.append(galaxy.labels)
    return shard


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
