"""clumpscope in Python: galaxies in memory, whole samples, catalogues.

Everything here is a name of the package, too: ``clumpscope.detect`` is `detect`. Where a recipe may
be given it is a `Recipe` or a TOML file; without one the defaults count. Stages and settings
beyond this are in the modules that the documentation lists.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.flags import ClumpFlag, flag_names
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.models.selection import Selection
from clumpscope.stages.completeness.counts import (
    Counted,
    clumpy_fraction,
    corrected_counts,
    luminosity_function,
)
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from clumpscope.engine.local import Workers
    from clumpscope.jobs.pipeline import Summary
    from clumpscope.stages.refine import Refined

__all__ = [
    "ClumpFlag",
    "Counted",
    "Recipe",
    "clumpy_fraction",
    "colour",
    "corrected_counts",
    "detect",
    "flag_names",
    "luminosity_function",
    "measure",
    "open_sample",
    "read_catalogue",
    "read_selection",
    "refine",
    "run",
    "sheet",
    "show",
]

Place = str | Path
Settings = Recipe | str | Path | None


def open_sample(folder: Place) -> Sample:
    """Open a sample directory, or a bare folder of FITS, PNG or JPEG images.

    ``sample.ids`` are its galaxies, ``sample.hosts`` what is known of them, and
    ``sample.galaxy(galaxy_id)`` is a galaxy's image.

    Raises
    ------
    StoreError
        If the folder is missing or holds no image.
    TableError
        If its host table cannot be used.
    """
    return Sample.open(Path(folder))


def colour(image: AnyImage, recipe: Settings = None) -> NDArray[np.float32]:
    """Picture of a galaxy, (ny, nx, 3) in [0, 1], rows as stored: for ``imshow(origin="lower")``.

    Raises
    ------
    ImageError
        If a band that is shown is empty.
    """
    from clumpscope.ops.in_colour import in_colour

    return in_colour(image, _recipe(recipe).composite)


@overload
def detect(images: AnyImage, *, model: Place | None = None, recipe: Settings = None) -> Boxes: ...
@overload
def detect(
    images: Sequence[AnyImage], *, model: Place | None = None, recipe: Settings = None
) -> list[Boxes]: ...
def detect(
    images: AnyImage | Sequence[AnyImage], *, model: Place | None = None, recipe: Settings = None
) -> Boxes | list[Boxes]:
    """Find the boxes of a galaxy, or of each of several.

    Parameters
    ----------
    model
        Name or file; ``None``: the packaged one.

    Returns
    -------
    Boxes
        All above the recipe's ``score_floor``, corners as fractions of the image.

    Raises
    ------
    ImageError
        If a band that the model needs is missing or empty.
    ModelError, RecipeError
        If the model cannot be used, or the recipe's composite is not the model's.
    """
    from clumpscope.jobs import pipeline
    from clumpscope.models.view import view
    from clumpscope.stages.detect.detect import detect as stage
    from clumpscope.store.manifest import sha256_file

    settings = _recipe(recipe)
    several = [images] if isinstance(images, AnyImage) else list(images)
    pictures = all(isinstance(image, ColourImage) for image in several)
    path, spec = pipeline.model_for(settings, _name(model), pictures=pictures)
    finder = pipeline.detector(path, sha256_file(path), settings.detect)
    seen = [view(image, spec, settings.detect) for image in several]
    found = stage(finder, seen, settings.detect.batch_size)
    return found[0] if isinstance(images, AnyImage) else found


def refine(
    image: AnyImage, boxes: Boxes, *, model: Place | None = None, recipe: Settings = None
) -> "Refined":
    """Turn a galaxy's boxes into clumps.

    Parameters
    ----------
    boxes
        As `detect` gives them.
    model
        That which found the boxes: its score threshold and training range count.

    Raises
    ------
    ImageError
        If the image has no WCS, hence no pixel scale.
    ModelError, RecipeError
        As of `detect`.
    """
    from clumpscope.jobs import pipeline
    from clumpscope.stages.refine import refine as stage

    settings = _recipe(recipe)
    pictures = isinstance(image, ColourImage)
    _, spec = pipeline.model_for(settings, _name(model), pictures=pictures)
    threshold = pipeline.threshold_of(spec, settings)
    refined = stage(image, boxes, settings.refine, threshold)
    unusual = pipeline.out_of_range(image, spec.trained_on, settings.detect.stands_for)
    return replace(refined, flags=refined.flags | unusual)


def measure(image: AnyImage, clumps: "Refined", *, recipe: Settings = None) -> QTable:
    """Measure a galaxy's clumps: a table of level "photometry", one row a clump.

    Its rows are those that `run` writes to ``photometry.parquet``; in a bare picture all fluxes
    are NaN.

    Raises
    ------
    ImageError
        If the WCS is missing, or the image has none of the recipe's bands.
    """
    from clumpscope.jobs import pipeline, work

    settings = _recipe(recipe)
    done = work.Work(image.galaxy_id, 0, image=image, refined=clumps)
    done.photometry = pipeline.measured(image, clumps, settings)
    return work.clumps([done], settings)["photometry"]


def run(
    sample: Sample | Place,
    out: Place,
    *,
    model: Place | None = None,
    recipe: Settings = None,
    resume: bool = False,
    workers: "Workers" = 1,
) -> "Summary":
    """Take every galaxy of a sample to a catalogue in the run directory ``out``.

    Parameters
    ----------
    sample
        Opened, or its folder.
    out
        New or empty; with ``resume``, a run that was interrupted.
    workers
        Processes. With more than one, call this below ``if __name__ == "__main__":``. Or an
        executor, such as `clumpscope.engine.dask.Dask`.

    Raises
    ------
    StoreError, TableError, ModelError, RecipeError
        If sample, output folder, model or recipe cannot be used.
    """
    from clumpscope.jobs.run import run as job

    folder = sample.folder if isinstance(sample, Sample) else Path(sample)
    return job(
        folder,
        Path(out),
        _recipe(recipe),
        model=_name(model),
        resume=resume,
        workers=workers,
    )


def show(run: Place, galaxy_id: str, *, recipe: Settings = None) -> "Figure":
    """Draw one galaxy of a run: composite, bands, boxes, apertures, and its clumps in a table.

    Parameters
    ----------
    recipe
        How it is drawn; ``None``: as the run was made.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read, has no such galaxy, or has nothing to show of it.
    ImageError
        If its image can no longer be read.
    """
    from clumpscope.jobs.show import show as job

    return job(Path(run), galaxy_id, None if recipe is None else _recipe(recipe))


def sheet(
    run: Place,
    *,
    galaxies: Sequence[str] = (),
    random: int | None = None,
    flag: str = "",
    seed: int = 0,
    recipe: Settings = None,
) -> "Figure":
    """Draw many galaxies of a run small; the first 30 unless parameters choose.

    Parameters
    ----------
    galaxies
        Ids.
    random
        So many, drawn with the ``seed``.
    flag
        Name of a flag: only galaxies with such a clump.
    recipe
        As of `show`.

    Raises
    ------
    StoreError, TableError
        If the run cannot be read, has no such galaxy, there is no such flag or nothing to draw.
    """
    from clumpscope.jobs.sheet import sheet as job

    settings = None if recipe is None else _recipe(recipe)
    return job(Path(run), settings, galaxies=galaxies, random=random, flag=flag, seed=seed)


def read_catalogue(place: Place) -> QTable:
    """Read the catalogue of a run directory, or a catalogue file of any of the formats.

    Raises
    ------
    StoreError, TableError
        If it is missing, damaged or of a newer schema.
    """
    from clumpscope.store import formats

    path = Path(place)
    return formats.read_catalogue(path / "catalogue.parquet" if path.is_dir() else path)


def read_selection(path: Place) -> Selection:
    """Read a selection function, a file of ``clumpscope completeness``.

    `Counted.of` makes a catalogue ready for `corrected_counts`, `luminosity_function` and
    `clumpy_fraction` with it.

    Raises
    ------
    FolderError
        If it is missing, damaged or of a newer schema.
    """
    return Selection.read(Path(path))


def _recipe(recipe: Settings) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    return load_recipe(None if recipe is None else Path(recipe))


def _name(model: Place | None) -> str | None:
    return None if model is None else str(model)
