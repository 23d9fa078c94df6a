"""Candidates of runs and of a classical finder, joined: places that may be judged by eye."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import boxes_by_galaxy
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.engine.local import Progress
from clumpscope.errors import ClumpscopeError, StoreError, expected_got
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.outline import outline_of
from clumpscope.stages.by_eye import Finds, Pool, random_places, united, with_random
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.stages.refine import refine
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

Values = NDArray[np.float64]

_CLASSICAL = "sep"


@dataclass(frozen=True, eq=False)
class _Looked:
    """One galaxy's candidates."""

    galaxy_id: str
    fwhm_px: float
    runs: list[Finds]
    classical: Finds  # all that it finds; ``claimed``: those it calls a clump
    random: Values
    rng: np.random.Generator


def candidates(
    stores: Sequence[Run],
    sample: Sample,
    recipe: Recipe,
    seed: int,
    places: int,
    progress: Progress,
) -> tuple[Pool, list[str]]:
    """The pool of all galaxies that every run went through, and their ids.

    The classical finder comes last and claims as many clumps as the run that claims most.

    Parameters
    ----------
    places
        Random ones a galaxy.

    Raises
    ------
    StoreError, TableError
        If a run cannot be read, or no galaxy is in all of them.
    """
    looked = list(_look(stores, sample, recipe, seed, places, progress))
    if not looked:
        raise StoreError(expected_got(f"sample {sample.folder}", "a galaxy in all runs", "none"))
    return _pool(looked), [one.galaxy_id for one in looked]


def _look(
    stores: Sequence[Run],
    sample: Sample,
    recipe: Recipe,
    seed: int,
    places: int,
    progress: Progress,
) -> Iterator[_Looked]:
    """All candidates of each galaxy that every run went through, in the sample's order."""
    clumps = [store.clumps() for store in stores]
    rows = [rows_by_id(table) for table in clumps]
    boxes = [boxes_by_galaxy(store.read("detections")) for store in stores]
    recipes = [store.recipe().refine for store in stores]
    bad = {str(one) for store in stores for one in store.read("failures")["galaxy_id"]}
    none = np.zeros(0, dtype=np.intp)
    for index, galaxy_id in enumerate(sample.ids):
        progress(1)
        if galaxy_id in bad:
            continue
        rng = np.random.default_rng([seed, 81, *galaxy_id.encode()])
        try:
            image = sample.read_starred(index, recipe.sample, recipe.limits)
            outline = outline_of(image, recipe.refine)
            finds = []
            for table, row, found, own in zip(clumps, rows, boxes, recipes, strict=True):
                mine = table[row.get(galaxy_id, none)]
                low = refine(image, found.get(galaxy_id, Boxes.empty()), own, 0.0)
                finds.append(_finds(mine, low.xy, low.score))
            peaks = refine(image, FINDERS[_CLASSICAL](image), recipe.refine, 0.0, outline)
        except ClumpscopeError:
            continue  # it cannot be shown either
        classical = Finds(peaks.xy, peaks.score, peaks.label == Label.CLUMP)
        random = random_places(outline, places, rng)
        yield _Looked(galaxy_id, psf_fwhm_px(image), finds, classical, random, rng)


def _finds(clumps: QTable, low_xy: Values, low_score: Values) -> Finds:
    """A run's clumps in a galaxy, and after them all that its boxes down to the floor give."""
    xy = np.column_stack([plain(clumps, f"clump_centre_px_{axis}") for axis in "xy"])
    claimed = plain(clumps, "clump_label_id") == Label.CLUMP
    return Finds(
        np.concatenate([xy, low_xy]),
        np.concatenate([plain(clumps, "clump_score"), low_score]),
        np.concatenate([claimed, np.zeros(len(low_xy), dtype=bool)]),
    )


def _pool(looked: Sequence[_Looked]) -> Pool:
    """The pool of some galaxies, at least one."""
    claims = np.array([[one.claimed.sum() for one in each.runs] for each in looked])
    wanted = int(claims.sum(axis=0).max())
    every = np.concatenate([each.classical.score[each.classical.claimed] for each in looked])
    least = np.sort(every)[::-1][:wanted].min(initial=np.inf)
    places = []
    for each in looked:
        kept = each.classical.claimed & (each.classical.score >= least)
        classical = Finds(each.classical.xy[kept], each.classical.score[kept], kept[kept])
        found = united([*each.runs, classical], each.fwhm_px)
        xy, role = with_random(*found, each.random, each.fwhm_px)
        places.append((xy, role, each.rng.random(len(xy))))
    return Pool.of(places)
