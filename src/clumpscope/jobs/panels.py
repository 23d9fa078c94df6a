"""A run's galaxies gathered for a contact sheet: shared by `run` and `sheet`."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.in_colour import in_colour
from clumpscope.ops.outline import outline_of
from clumpscope.plot.sheet import Panel
from clumpscope.stages.evaluate.cases import TRUE_FLOOR
from clumpscope.store.sample import Sample

SHEET = 30  # galaxies of a sheet


def panels(
    sample: Sample,
    clumps: QTable,
    recipe: Recipe,
    ids: Iterable[str],
    *,
    most: int = SHEET,
    truth: QTable | None = None,
    flag: int = 0,
) -> list[Panel]:
    """Panels of the first ``most`` readable galaxies of ``ids``.

    Parameters
    ----------
    clumps
        Clump table of any level.
    truth
        Truth table, of which clumps of at least 1 % are drawn.
    flag
        `ClumpFlag`; clumps with it are drawn with thick lines.
    """
    return list(islice(_readable(sample, clumps, recipe, ids, truth, flag), most))


def _readable(
    sample: Sample,
    clumps: QTable,
    recipe: Recipe,
    ids: Iterable[str],
    truth: QTable | None,
    flag: int,
) -> Iterator[Panel]:
    rows, none = rows_by_id(clumps), np.array([], dtype=np.intp)
    true_rows = {} if truth is None else rows_by_id(truth)
    index = {galaxy_id: k for k, galaxy_id in enumerate(sample.ids)}
    for galaxy_id in ids:
        try:
            image = sample.read_starred(index[galaxy_id], recipe.sample, recipe.limits)
            yield _panel(
                image,
                clumps[rows.get(galaxy_id, none)],
                None if truth is None else truth[true_rows.get(galaxy_id, none)],
                recipe,
                flag,
            )
        except Exception:
            continue  # a failed galaxy has its row in failures.parquet


def _panel(
    image: AnyImage,
    found: QTable,
    truth: QTable | None,
    recipe: Recipe,
    flag: int,
) -> Panel:
    if isinstance(image, ColourImage):
        rgb, wcs, known = image.pixels, None, not image.pixscale_assumed
    else:
        rgb, wcs, known = in_colour(image, recipe.composite), image.wcs, True
    return Panel(
        title=image.galaxy_id,
        rgb=rgb,
        wcs=wcs,
        outline=outline_of(image, recipe.refine),
        xy=np.column_stack([plain(found, f"clump_centre_px_{axis}") for axis in "xy"]),
        label=plain(found, "clump_label_id").astype(np.int64),
        box=corners_of(found, "clump_px_"),
        aperture_px=recipe.measure.aperture_fwhm * psf_fwhm_px(image),
        truth_xy=None if truth is None else _true_xy(truth),
        downward=isinstance(image, ColourImage),
        pixscale_arcsec=image.pixscale_arcsec if known else np.nan,
        strong=plain(found, "flags").astype(np.int64) & flag > 0,
    )


def _true_xy(truth: QTable) -> np.ndarray:
    bright = truth[(plain(truth, "label") == 1) & (plain(truth, "flux_ratio_u") >= TRUE_FLOOR)]
    return np.column_stack([plain(bright, "x"), plain(bright, "y")])
