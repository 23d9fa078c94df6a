"""Contact sheet of a run: its galaxies with outlines, boxes, apertures and, if given, truth."""

from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.composite import colour
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import ClumpscopeError
from clumpscope.ops.outline import galaxy_outline
from clumpscope.plot import Panel, contact_sheet
from clumpscope.stages.evaluate.cases import TRUE_FLOOR
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample


def sheet(
    run: Path, out: Path, recipe: Recipe, *, truth: QTable | None = None, galaxies: int = 30
) -> int:
    """Draw the first ``galaxies`` readable galaxies of a run; returns how many were drawn.

    Raises
    ------
    StoreError
        If the run or its sample cannot be read, or the picture cannot be written.
    """
    store = Run(run)
    sample, found = store.sample(), store.read("positions")
    rows = rows_by_id(found)
    true_rows = {} if truth is None else rows_by_id(truth)
    panels: list[Panel] = []
    for index, galaxy_id in enumerate(sample.ids):
        if len(panels) == galaxies:
            break
        none = np.array([], dtype=np.intp)
        known = None if truth is None else truth[true_rows.get(galaxy_id, none)]
        try:
            panels.append(_panel(sample, index, found[rows.get(galaxy_id, none)], known, recipe))
        except ClumpscopeError:
            continue  # a failed galaxy has its row in failures.parquet
    if panels:
        contact_sheet(panels, out)
    return len(panels)


def _panel(
    sample: Sample, index: int, found: QTable, truth: QTable | None, recipe: Recipe
) -> Panel:
    image: GalaxyImage | ColourImage = sample.read(index, recipe.sample)
    if isinstance(image, ColourImage):
        rgb, wcs, outline = image.pixels, None, np.zeros(image.shape, dtype=bool)
        fwhm = image.psf_fwhm_arcsec / image.pixscale_arcsec
    else:
        rgb, wcs = colour(image, recipe.composite), image.wcs
        outline = galaxy_outline(image, recipe.refine)
        fwhm = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
    true_xy = np.zeros((0, 2))
    if truth is not None:
        bright = truth[(plain(truth, "label") == 1) & (plain(truth, "flux_ratio_u") >= TRUE_FLOOR)]
        true_xy = np.column_stack([plain(bright, "x"), plain(bright, "y")])
    return Panel(
        title=image.galaxy_id,
        rgb=rgb,
        wcs=wcs,
        outline=outline,
        xy=np.column_stack([plain(found, f"clump_centre_px_{axis}") for axis in "xy"]),
        label=plain(found, "clump_label_id").astype(np.int64),
        box=np.column_stack(
            [plain(found, f"clump_px_{name}") for name in ("x1", "y1", "x2", "y2")]
        ),
        aperture_px=recipe.measure.aperture_fwhm * fwhm,
        truth_xy=true_xy,
        downward=isinstance(image, ColourImage),
    )
