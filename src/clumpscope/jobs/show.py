"""`show`: one galaxy of a run, large."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import boxes_by_galaxy
from clumpscope.core.boxes import Boxes
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import ColourImage
from clumpscope.errors import ImageError, StoreError
from clumpscope.ops.in_colour import in_colour
from clumpscope.ops.outline import outline_of
from clumpscope.plot import Portrait, portrait
from clumpscope.stages.catalogue.places import kpc_per_arcsec
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show(run: Path, galaxy_id: str, recipe: Recipe | None = None) -> "Figure":
    """One galaxy of a run: composite, bands, boxes, apertures, and its clumps in a table.

    Parameters
    ----------
    recipe
        How composite, outline and apertures are made; ``None``: the run's own.

    Raises
    ------
    TableError
        If the sample has no such galaxy.
    StoreError
        If the run cannot be read, or the galaxy failed before there was anything to show.
    ImageError
        If its image can no longer be read.
    """
    store = Run(run)
    recipe = store.recipe() if recipe is None else recipe
    sample, failure = store.sample(), store.failure(galaxy_id)
    try:
        return portrait(_portrait(store, sample, galaxy_id, recipe, failure))
    except ImageError as error:
        if failure:
            raise StoreError(f"{galaxy_id} failed, so there is no picture: {failure}") from error
        raise


def _portrait(store: Run, sample: Sample, galaxy_id: str, recipe: Recipe, failure: str) -> Portrait:
    index = sample.index(galaxy_id)
    image = sample.read_starred(index, recipe.sample, recipe.limits)
    rgb = in_colour(image, recipe.composite)
    outline = np.zeros(image.shape, dtype=bool)
    if isinstance(image, ColourImage) or image.wcs is not None:
        outline = outline_of(image, recipe.refine)
    found = boxes_by_galaxy(store.read("detections")).get(galaxy_id, Boxes.empty())
    clumps, redshift = store.clumps(), sample.host(index, "redshift")
    return Portrait(
        image=image,
        rgb=rgb,
        outline=outline,
        boxes=Boxes.of(
            boxes_fraction_to_native(found.xyxy, image.shape),
            found.labels,
            found.scores,
            found.probabilities,
        ),
        threshold=store.threshold(),
        clumps=clumps[np.asarray(clumps["galaxy_id"]) == galaxy_id],
        aperture_fwhm=recipe.measure.aperture_fwhm,
        redshift=redshift,
        kpc_per_arcsec=float(kpc_per_arcsec(np.array([redshift]))[0]),
        failure=failure,
    )
