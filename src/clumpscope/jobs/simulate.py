"""`simulate`: a survey made from nothing, or clumps injected into a sample's images."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import bands_of
from clumpscope.core.galaxy import require_galaxy
from clumpscope.core.records import (
    FAILURES,
    INJECTED,
    LABELS,
    VOTES,
    Columns,
    hosts_in,
    table_of_parts,
    table_of_rows,
    truth_in,
)
from clumpscope.core.schema import ColumnSpec, plain, rows_by_id
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.engine.nursery import load_for_workers
from clumpscope.engine.watch import time_limit
from clumpscope.errors import ImageError, StoreError, expected_got, reason
from clumpscope.jobs.shards import DEADLY, fill
from clumpscope.stages.simulate.inject import inject
from clumpscope.stages.simulate.survey import SimulatedGalaxy, simulate_galaxy
from clumpscope.stages.simulate.twins import twin
from clumpscope.store.confined import inside
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample, check_ids


def galaxy_ids(n: int) -> list[str]:
    """Ids of a simulated survey: sim000001 and so on."""
    return [f"sim{k:06d}" for k in range(1, n + 1)]


def simulate(
    folder: Path,
    galaxies: int | None,
    recipe: Recipe,
    workers: Workers,
    progress: Progress = silent,
    *,
    hosts: Path | None = None,
    twins_of: Path | None = None,
    resume: bool = False,
) -> int:
    """Write a simulated survey as a sample directory with truth, labels and votes.

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
    twins_of
        A deeper and sharper simulated sample, instead, whose galaxies are seen anew as
        ``[simulate.observe]`` says; ``galaxies`` does not count.

    Returns
    -------
    Number of galaxies written.

    Raises
    ------
    StoreError, TableError
        If the folder holds anything or cannot be written, or the hosts cannot be read.
    """
    key = {"recipe": sha256_json([recipe.model_dump(mode="json"), galaxies])}
    make: Callable[[int], SimulatedGalaxy]
    if twins_of is not None:
        sample = Sample.open(twins_of)
        key["sample"] = sample.fingerprint()
        ids, bands = sample.ids, recipe.simulate.observe.bands
        make = partial(_seen_anew, twins_of, key["sample"], recipe)
    elif hosts is None:
        ids, bands = galaxy_ids(galaxies or 0), recipe.simulate.observe.bands
        make = partial(_simulated, ids, recipe)
    else:
        sample = Sample.open(hosts)
        key["sample"] = sample.fingerprint()
        ids = check_ids(copy_ids(sample.ids, galaxies or len(sample)), "copies of hosts")
        bands = bands_of(sample.hosts.colnames, "petro_flux")
        make = partial(_injected, hosts, key["sample"], ids, recipe)
    total = len(ids)
    kinds = {
        "hosts": [*hosts_in(bands), *([] if hosts is None else INJECTED)],
        "truth": truth_in(bands),
    }
    # Only of simulated hosts is it known what they are.
    given = hosts or twins_of
    names = ["hosts", "truth", "labels", *([] if given else ["votes"]), "failures"]
    work = partial(_shard, folder, ids, kinds, make, recipe.limits.seconds)
    with output(folder, key, resume=resume) as place:
        if place.finished:
            return RunManifest.read(folder).counts["galaxies"]
        store = Run(folder)
        load_for_workers(__name__)
        tables = fill(
            store, total, work, names, workers=workers, progress=progress, apart=place.died
        )
        made = len(tables["hosts"])
        if not made:
            first = str(tables["failures"]["error"][0])
            raise StoreError(
                expected_got(f"sample {folder}", "at least one usable galaxy", "none", first)
            )
        if not given and made == total:
            del tables["failures"]
        for name, table in tables.items():
            store.write(name, table)
        place.finish(
            RunManifest(
                command="simulate",
                recipe=recipe.model_dump(mode="json"),
                seed=recipe.seed,
                inputs={"hosts": str(given.resolve())} if given else {},
                counts={"galaxies": made, "failed": total - made},
            )
        )
    return made


def copy_ids(ids: list[str], n: int) -> list[str]:
    """``n`` ids, taking the given ones again and again; copies end in ``.2``, ``.3``."""
    rounds = ((k // len(ids) + 1, ids[k % len(ids)]) for k in range(n))
    return [name if turn == 1 else f"{name}.{turn}" for turn, name in rounds]


def _simulated(ids: list[str], recipe: Recipe, index: int) -> SimulatedGalaxy:
    return simulate_galaxy(ids[index], recipe.simulate, recipe.seed)


def _seen_anew(folder: Path, key: str, recipe: Recipe, row: int) -> SimulatedGalaxy:
    """A galaxy of a deep sample as another survey sees it."""
    sample, before = _hosts(folder, key)
    image = require_galaxy(sample.read(row, recipe.sample, recipe.limits))
    names = [spec.name for spec in hosts_in(recipe.simulate.observe.bands)]
    there = [name for name in names if name in sample.hosts.colnames]
    host = {name: plain(sample.hosts, name)[row] for name in there}
    known = before["truth"].get(image.galaxy_id)
    return twin(image, host, known, recipe.simulate, recipe.seed)


def _injected(hosts: Path, key: str, ids: list[str], recipe: Recipe, index: int) -> SimulatedGalaxy:
    """A host with clumps injected, whose own truth and labels follow the new ones."""
    sample, before = _hosts(hosts, key)
    row = index % len(sample)
    image = require_galaxy(sample.read(row, recipe.sample, recipe.limits))
    names = {spec.name for spec in hosts_in(bands_of(sample.hosts.colnames, "petro_flux"))}
    host = {name: sample.hosts[name][row] for name in sample.hosts.colnames if name in names}
    host = {name: getattr(value, "value", value) for name, value in host.items()}
    host["galaxy_id"] = ids[index]
    made = inject(
        replace(image, galaxy_id=ids[index]), host, recipe.simulate, recipe.refine, recipe.seed
    )
    truth, labels = (before[kind].get(sample.ids[row]) for kind in ("truth", "labels"))
    if truth is not None and sample.host(row, "petro_flux_u") > 0:
        # The host is brighter now.
        share = np.asarray(host["petro_flux_u"]) / np.asarray(made.host["petro_flux_u"])
        truth = {**truth, "flux_ratio_u": np.asarray(truth["flux_ratio_u"]) * share}
    return replace(
        made,
        host={**made.host, "host_id": sample.host_ids[row]},
        truth=_after(made.truth, truth, ids[index]),
        labels=_after(made.labels, labels, ids[index]),
    )


@lru_cache(maxsize=1)
def _hosts(
    folder: Path,
    key: str,  # noqa: ARG001  (it makes a change of the sample seen)
) -> tuple[Sample, dict[str, dict[str, Columns]]]:
    """A sample of hosts, and its truth and labels by galaxy where it has them."""
    sample = Sample.open(folder)
    before: dict[str, dict[str, Columns]] = {}
    for name, read in (("truth", sample.truth), ("labels", sample.labels)):
        known = (folder / f"{name}.parquet").is_file()
        before[name] = _by_galaxy(read()) if known else {}
    return sample, before


def _by_galaxy(table: QTable) -> dict[str, Columns]:
    columns = {name: plain(table, name) for name in table.colnames}
    return {
        galaxy_id: {name: values[rows] for name, values in columns.items()}
        for galaxy_id, rows in rows_by_id(table).items()
    }


def _after(new: Columns, old: Columns | None, galaxy_id: str) -> Columns:
    """New rows, then the old ones, under one galaxy's id and numbered anew."""
    if old is None:
        return new
    unknown = np.full(len(np.asarray(old["label"])), np.nan)
    joined: Columns = {
        name: np.concatenate([np.asarray(new[name]), np.asarray(old.get(name, unknown))])
        for name in new
        if name not in ("galaxy_id", "clump_id")
    }
    length = len(np.asarray(joined["label"]))
    joined["galaxy_id"] = [galaxy_id] * length
    if "clump_id" in new:
        joined["clump_id"] = np.arange(1, length + 1)
    return joined


def _shard(
    folder: Path,
    ids: list[str],
    kinds: Mapping[str, list[ColumnSpec]],
    make: Callable[[int], SimulatedGalaxy],
    seconds: float,
    rows: Sequence[int],
    deadly: Collection[int],
) -> dict[str, QTable]:
    """Make some galaxies, write their images, return their tables."""
    made: list[SimulatedGalaxy] = []
    failed: list[Columns] = []
    for index in rows:
        try:
            if index in deadly:
                raise ImageError(DEADLY)
            with time_limit(seconds):
                made.append(make(index))
        except Exception as error:  # one bad galaxy never stops a run
            failed.append({"galaxy_id": ids[index], "stage": "simulate", "error": reason(error)})
    for galaxy in made:
        write_galaxy(inside(folder / "images", f"{galaxy.image.galaxy_id}.fits"), galaxy.image)
    return {
        "hosts": table_of_rows(kinds["hosts"], [galaxy.host for galaxy in made]),
        "truth": table_of_parts(kinds["truth"], [galaxy.truth for galaxy in made]),
        "labels": table_of_parts(LABELS, [galaxy.labels for galaxy in made]),
        "votes": table_of_rows(VOTES, [galaxy.votes for galaxy in made]),
        "failures": table_of_rows(FAILURES, failed),
    }
