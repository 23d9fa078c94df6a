"""`fetch`: targets and frames to a sample."""

from dataclasses import asdict
from pathlib import Path

from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import FAILURES, HOSTS, Columns, table_of_rows
from clumpscope.engine.local import Progress, silent
from clumpscope.errors import StoreError, expected_got
from clumpscope.stages.fetch.cutout import FetchFailure
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from clumpscope.stages.fetch.sdss.survey import fetch_sdss
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.atomic import new_folder
from clumpscope.store.failures import write_failures
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.tables import write_parquet


def fetch(
    targets: Table,
    where: object,
    frames: Path,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    progress: Progress = silent,
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
    failures = table_of_rows(FAILURES, failed)
    write_failures(failures, folder / "failures.parquet")
    if not hosts:
        raise StoreError(
            expected_got(f"sample {folder}", "at least one target cut out", failed[0]["error"])
        )
    order = [target.galaxy_id for target in wanted if target.galaxy_id in hosts]
    write_parquet(
        table_of_rows(HOSTS, [hosts[galaxy_id] for galaxy_id in order]), folder / "hosts.parquet"
    )
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
