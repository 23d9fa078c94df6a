"""`sheet`: many galaxies of a run small, with outlines, boxes, apertures and, if given, truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError, TableError, did_you_mean, expected_got
from clumpscope.jobs.panels import SHEET, panels
from clumpscope.plot import contact_sheet
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sheet(
    run: Path,
    recipe: Recipe | None = None,
    *,
    galaxies: Sequence[str] = (),
    random: int | None = None,
    flag: str = "",
    seed: int = 0,
    truth: QTable | None = None,
) -> "Figure":
    """Contact sheet of galaxies of a run; those whose images cannot be read are left out.

    Parameters
    ----------
    recipe
        How composites, outlines and apertures are made; ``None``: the run's own.
    galaxies
        Ids; empty: the first 30, or what ``random`` and ``flag`` choose.
    random
        So many, drawn with the ``seed``.
    flag
        Name of a flag: only galaxies with a clump that has it, the first 30 if ``random`` does
        not say how many.
    truth
        Truth table, whose clumps of at least 1 % are drawn as crosses.

    Raises
    ------
    TableError
        If the sample has no such galaxy, or there is no such flag.
    StoreError
        If the run or its sample cannot be read, or none of the galaxies can be drawn.
    """
    store = Run(run)
    recipe = store.recipe() if recipe is None else recipe
    sample, clumps, wanted = store.sample(), store.clumps(), flag_of(flag)
    ids = chosen(sample, clumps, galaxies, random, wanted, seed)
    if not galaxies:
        deadly = store.deadly()
        ids = [one for one in ids if one not in deadly]
    most = len(ids) if galaxies else SHEET if random is None else random
    drawn = panels(sample, clumps, recipe, ids, most=most, truth=truth, flag=int(wanted))
    if not drawn:
        raise StoreError(expected_got(f"sheet of {run}", "a galaxy that can be drawn", "none"))
    return contact_sheet(drawn, strong=wanted.name or "")


def flag_of(name: str) -> ClumpFlag:
    """The flag of a name, in any case; of none where the name is empty.

    Raises
    ------
    TableError
        If there is no such flag.
    """
    known = ClumpFlag.__members__
    if name and name.upper() not in known:
        remedy = did_you_mean(name.upper(), known) or f"there are {', '.join(known)}"
        raise TableError(expected_got("flag", "a clump flag", name, remedy))
    return known[name.upper()] if name else ClumpFlag(0)


def chosen(
    sample: Sample,
    clumps: QTable,
    galaxies: Sequence[str],
    random: int | None,
    flag: ClumpFlag,
    seed: int,
) -> list[str]:
    """Ids of the galaxies to draw, best first; parameters as of `sheet`."""
    if galaxies:
        return [sample.ids[sample.index(galaxy_id)] for galaxy_id in galaxies]
    ids = sample.ids
    if flag:
        has = plain(clumps, "flags").astype(np.int64) & int(flag) > 0
        flagged = set(plain(clumps, "galaxy_id")[has].astype(str).tolist())
        ids = [galaxy_id for galaxy_id in ids if galaxy_id in flagged]
    if random is not None:
        ids = [ids[k] for k in np.random.default_rng(seed).permutation(len(ids))]
    return ids
