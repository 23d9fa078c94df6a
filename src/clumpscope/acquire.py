"""Samples made from nothing or from frames: drives `simulate` and `fetch`, writes the folder."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from astropy.table import QTable, Table

from clumpscope.config import Recipe, SimulateConfig
from clumpscope.core.records import FAILURES, HOSTS, LABELS, TRUTH, record_table
from clumpscope.core.schema import ColumnSpec
from clumpscope.engine import ordered_map, shards
from clumpscope.errors import StoreError, expected_got
from clumpscope.fetch.mirror import open_mirror
from clumpscope.fetch.sdss import FetchFailure, fetch_sdss
from clumpscope.fetch.targets import make_targets
from clumpscope.simulate.survey import simulate_galaxy
from clumpscope.store.atomic import new_folder
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
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
