"""`fetch`: targets and a survey's frames to a sample."""

from dataclasses import asdict
from pathlib import Path

from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import bands_of
from clumpscope.core.records import FAILURES, Columns, hosts_in, table_of_rows
from clumpscope.engine.local import Progress, silent
from clumpscope.errors import StoreError, expected_got
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.cutout import FetchFailure
from clumpscope.stages.fetch.registry import open_survey
from clumpscope.stages.fetch.targets import Targets, make_targets
from clumpscope.store.atomic import new_folder
from clumpscope.store.failures import write_failures
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.tables import read_user_table, write_parquet


def read_targets(path: Path) -> Targets:
    """Read and check a user's target list; its ``notes`` say what was made of it.

    Raises
    ------
    TableError
        If it cannot be read or used.
    """
    return make_targets(read_user_table(path), path)


def fetch(
    survey: str,
    targets: Targets,
    frames: Path,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    progress: Progress = silent,
) -> QTable:
    """Write a sample cut from a local mirror of a survey's frames; returns the failures.

    ``survey`` is a name of `clumpscope.stages.fetch.registry.SURVEYS`. Each galaxy's image is
    written as it comes; the tables follow in the order of the targets.

    Raises
    ------
    FrameError
        If there is no such survey or the mirror holds no frames of it.
    StoreError
        If the folder holds anything or cannot be written, or no target could be cut out.
    """
    opened = open_survey(survey, frames)
    new_folder(folder)
    hosts: dict[str, Columns] = {}
    failed: dict[str, Columns] = {}
    for result in stage.fetch(opened, targets, recipe.fetch, size_arcsec):
        if isinstance(result, FetchFailure):
            failed[result.galaxy_id] = asdict(result)
        else:
            write_galaxy(folder / "images" / f"{result.image.galaxy_id}.fits", result.image)
            hosts[result.image.galaxy_id] = result.host
        progress(1)
    order = [target.galaxy_id for target in targets]
    failures = table_of_rows(FAILURES, [failed[one] for one in order if one in failed])
    write_failures(failures, folder / "failures.parquet")
    if not hosts:
        raise StoreError(
            expected_got(f"sample {folder}", "at least one target cut out", failures["error"][0])
        )
    rows = [hosts[one] for one in order if one in hosts]
    table = table_of_rows(hosts_in(bands_of(rows[0], "psf_fwhm")), rows)
    write_parquet(table, folder / "hosts.parquet")
    RunManifest(
        command=f"fetch {survey}",
        recipe=recipe.model_dump(mode="json"),
        inputs={
            "targets": targets.where,
            "frames": str(frames.resolve()),
            "size_arcsec": "field_r90" if size_arcsec is None else str(size_arcsec),
        },
        counts={"targets": len(targets), "failed": len(failed)},
    ).write(folder)
    return failures
