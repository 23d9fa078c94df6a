"""A run's catalogue, made of all galaxies but those with which it cannot be made."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, vstack
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from clumpscope.config.base import problems_of
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig
from clumpscope.core.records import FAILURES, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError
from clumpscope.jobs.vetted import decided_in, with_vetted
from clumpscope.jobs.work import each_apart
from clumpscope.models.calibration import Calibration, Calibrations
from clumpscope.models.selection import Selection
from clumpscope.stages.catalogue import better_rows, catalogue, clump_keys
from clumpscope.stages.completeness.covariates import of_catalogue
from clumpscope.store.atomic import atomic
from clumpscope.store.formats import write_formats
from clumpscope.store.in_order import InOrder, in_order
from clumpscope.store.manifest import RunManifest
from clumpscope.store.parts import write_parts
from clumpscope.store.run import Run

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
    hosts: QTable,
    config: CatalogueConfig,
    calibrations: Sequence[Calibration] = (),
    selection: Selection | None = None,
) -> int:
    """Write the catalogue of a run from its photometry; returns the number of its clumps.

    A galaxy with which it cannot be made becomes a failure, in the run's tables, too. What people
    decided of its clumps is laid on it. Tables are never held whole.

    Parameters
    ----------
    calibrations
        Those of the model.
    selection
        That of `selection_for`, for the completeness of each clump.

    Raises
    ------
    RecipeError
        If a dust map is missing or damaged.
    StoreError, TableError
        If the run cannot be read, or something cannot be written.
    """
    failures = store.read("failures")
    store.column("galaxies", "flags")  # if it cannot be, nothing shall be written
    boxes = decided_in(store.folder)

    def whole(part: QTable) -> QTable:
        if selection is not None:
            measured = selection.measured(of_catalogue(part))
            part["completeness"], part["completeness_err"] = measured
        return with_vetted(part, boxes)

    path, failed = store.folder / "catalogue.parquet", dict[str, str]()
    with in_order(store.folder / "photometry.parquet") as clumps, atomic(path) as temporary:
        while True:
            known = set(failed)
            made = _parts(clumps, hosts, config, calibrations, failed)
            parts = write_parts(map(whole, made), temporary)
            # Without those that failed others may not be duplicates.
            if set(failed) == known:
                break
    parts = replace(parts, source=path)
    write_formats(parts, store.folder, "catalogue", config.formats)
    _note(store, failures, failed)
    return parts.rows


def _parts(
    clumps: InOrder,
    hosts: QTable,
    config: CatalogueConfig,
    calibrations: Sequence[Calibration],
    failed: dict[str, str],
) -> Iterator[QTable]:
    """The catalogue, part by part, without galaxies that have failed; adds to these."""
    better = _better(clumps, hosts, failed)
    host_ids = plain(hosts, "galaxy_id").astype(str)
    order = np.argsort(host_ids, kind="stable")
    host_ids = host_ids[order]
    for rows, photometry in clumps.blocks():
        ids = plain(photometry, "galaxy_id").astype(str)
        first = np.searchsorted(host_ids, ids[:1])
        last = np.searchsorted(host_ids, ids[-1:], side="right")
        near = hosts[order[slice(*first, *last)]] if len(ids) else hosts
        keys = clump_keys(clumps.galaxies[clumps.of[better[rows]]], clumps.clump_id[better[rows]])
        duplicate_of = np.where(better[rows] >= 0, keys, "")

        def build(
            some: Sequence[str],
            photometry: QTable = photometry,
            ids: NDArray[np.str_] = ids,
            hosts: QTable = near,
            duplicate_of: NDArray[np.str_] = duplicate_of,
        ) -> QTable:
            mine = np.isin(ids, some)
            return catalogue(photometry[mine], hosts, config, calibrations, duplicate_of[mine])

        some = [one for one in np.unique(ids).tolist() if one not in failed]
        yield each_apart(build, some, failed.__setitem__)


def _better(clumps: InOrder, hosts: QTable, failed: Collection[str]) -> NDArray[np.intp]:
    """(N,) `better_rows`; galaxies with which it cannot be told have none and are none."""

    def build(some: Sequence[int]) -> NDArray[np.intp]:
        rows = np.flatnonzero(np.isin(clumps.of, some))
        galaxies, of = np.unique(clumps.of[rows], return_inverse=True)
        place = clumps.ra[rows], clumps.dec[rows]
        found = better_rows(clumps.galaxies[galaxies], of, place, clumps.fwhm_arcsec[rows], hosts)
        better = np.full(len(clumps.of), -1, dtype=np.intp)
        better[rows] = np.where(found >= 0, rows[found], -1) if len(rows) else found
        return better

    some = [k for k, one in enumerate(clumps.galaxies.tolist()) if one not in failed]
    return each_apart(build, some, lambda *_: None)


def _note(store: Run, failures: QTable, failed: Mapping[str, str]) -> None:
    """Bring the run's tables to what failed in this stage, instead of what once failed in it."""
    others = failures[np.asarray(failures["stage"]) != _STAGE]
    failed = {one: why for one, why in failed.items() if one not in others["galaxy_id"]}
    if not failed and len(others) == len(failures):
        return
    galaxies = store.read("galaxies")
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
