"""`fetch`: targets and a survey's frames to a sample."""

from functools import partial
from pathlib import Path

from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import Progress, silent
from clumpscope.jobs.filling import fill
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.registry import open_survey
from clumpscope.stages.fetch.targets import Targets, make_targets
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.output import output
from clumpscope.store.tables import read_parquet, read_user_table


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
    resume: bool = False,
    progress: Progress = silent,
) -> QTable:
    """Write a sample cut from a local mirror of a survey's frames; returns the failures.

    ``survey`` is a name of `clumpscope.stages.fetch.registry.SURVEYS`. Each galaxy's image is
    written as it comes; the tables follow in the order of the targets. With ``resume``, those
    that are there already are kept, and those that failed are tried again.

    Raises
    ------
    FrameError
        If there is no such survey or the mirror holds no frames of it.
    StoreError
        If the folder holds anything or cannot be written, or no target could be cut out.
    """
    opened = open_survey(survey, frames)
    key = {
        "recipe": sha256_json([survey, recipe.model_dump(mode="json"), size_arcsec]),
        "target list": sha256_json([vars(target) for target in targets]),
        "folder of frames": str(frames.resolve()),
    }
    with output(folder, key, resume=resume) as place:
        if place.finished:
            return read_parquet(folder / "failures.parquet")
        cut = partial(
            stage.fetch,
            opened,
            config=recipe.fetch,
            size_arcsec=size_arcsec,
            seconds=recipe.limits.seconds,
        )
        failures = fill(place, cut, targets, progress)
        place.finish(
            RunManifest(
                command=f"fetch {survey}",
                recipe=recipe.model_dump(mode="json"),
                inputs={
                    "targets": targets.where,
                    "frames": str(frames.resolve()),
                    "size_arcsec": "field_r90" if size_arcsec is None else str(size_arcsec),
                },
                counts={"targets": len(targets), "failed": len(failures)},
            )
        )
    return failures
