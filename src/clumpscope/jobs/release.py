"""A run's catalogue, made of all galaxies but those with which it cannot be made."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, vstack
from pydantic import TypeAdapter, ValidationError

from clumpscope.config.base import problems_of
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig
from clumpscope.core.records import FAILURES, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError
from clumpscope.jobs.vetted import with_vetted
from clumpscope.jobs.work import each_apart
from clumpscope.models.calibration import Calibration, Calibrations
from clumpscope.models.selection import Selection
from clumpscope.stages.catalogue import catalogue
from clumpscope.stages.completeness.covariates import of_catalogue
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run

NEEDS = ("photometry", "galaxies", "failures")
_STAGE = "catalogue"
_CALIBRATIONS: TypeAdapter[tuple[Calibration, ...]] = TypeAdapter(Calibrations)


def calibrations_of(run: Path) -> tuple[Calibration, ...]:
    """Calibrations of the model that a run was made with.

    Raises
    ------
    FolderError
        If the folder is no run, or its manifest says others than there can be.
    """
    said = RunManifest.read(run).model.get("calibrations", [])
    try:
        return _CALIBRATIONS.validate_python(said)
    except ValidationError as error:
        what = f"{run / 'manifest.json'}: model.calibrations"
        raise FolderError(f"{what}: {problems_of(error)}") from error


def catalogue_of(
    photometry: QTable,
    hosts: QTable,
    config: CatalogueConfig,
    calibrations: Sequence[Calibration] = (),
) -> tuple[QTable, dict[str, str]]:
    """The catalogue, and the galaxies with which it cannot be made, each with the reason.

    Raises
    ------
    RecipeError
        If a dust map is missing or damaged.
    """
    ids = plain(photometry, "galaxy_id").astype(str)
    failed: dict[str, str] = {}

    def build(some: Sequence[str]) -> QTable:
        return catalogue(photometry[np.isin(ids, some)], hosts, config, calibrations)

    return each_apart(build, np.unique(ids).tolist(), failed.__setitem__), failed


def made_with(model: str, threshold: float, recipe: Recipe) -> dict[str, Any]:
    """All that completeness depends on: the model's sha256, its threshold, and settings."""
    settings = recipe.model_dump(mode="json", include={"detect", "refine", "measure"})
    settings["refine"].pop("score_threshold")
    settings["detect"].pop("batch_size")
    return {"model": model, "threshold": threshold, **settings}


def selection_for(config: CatalogueConfig, made: dict[str, Any]) -> Selection | None:
    """The selection function that a recipe names, if any, for a catalogue made so.

    Raises
    ------
    FolderError
        If it cannot be read, or tells of catalogues that are made otherwise.
    """
    if config.completeness is None:
        return None
    selection = Selection.read(Path(config.completeness))
    selection.check(made, "the run")
    return selection


def release(
    store: Run,
    tables: Mapping[str, QTable],
    hosts: QTable,
    config: CatalogueConfig,
    calibrations: Sequence[Calibration] = (),
    selection: Selection | None = None,
) -> int:
    """Write the catalogue of a run; returns the number of its clumps.

    A galaxy with which it cannot be made becomes a failure, in the run's tables, too. What people
    decided of its clumps is laid on it.

    Parameters
    ----------
    tables
        The run's, at least `NEEDS`.
    calibrations
        Those of the model.
    selection
        That of `selection_for`, for the completeness of each clump.

    Raises
    ------
    RecipeError
        If a dust map is missing or damaged.
    StoreError
        If something cannot be written.
    """
    made, failed = catalogue_of(tables["photometry"], hosts, config, calibrations)
    if selection is not None:
        made["completeness"], made["completeness_err"] = selection.measured(of_catalogue(made))
    made = with_vetted(made, store.folder)
    store.write_catalogue(made, config)
    _note(store, tables["galaxies"], tables["failures"], failed)
    return len(made)


def _note(store: Run, galaxies: QTable, failures: QTable, failed: Mapping[str, str]) -> None:
    """Bring the run's tables to what failed in this stage, instead of what once failed in it."""
    others = failures[np.asarray(failures["stage"]) != _STAGE]
    failed = {one: why for one, why in failed.items() if one not in others["galaxy_id"]}
    if not failed and len(others) == len(failures):
        return
    columns = {
        "galaxy_id": list(failed),
        "stage": [_STAGE] * len(failed),
        "error": list(failed.values()),
    }
    now = QTable(vstack([others, record_table(FAILURES, columns)], metadata_conflicts="silent"))
    bad = np.isin(plain(galaxies, "galaxy_id").astype(str), plain(now, "galaxy_id").astype(str))
    marked = galaxies.copy()
    marked["status"] = np.where(bad, "failed", "ok")
    store.write("failures", now)
    store.write("galaxies", marked)
