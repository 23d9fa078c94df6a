"""One galaxy's way through the stages, and the tables of many."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from astropy.table import QTable

from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import SDSS_BANDS, measurable
from clumpscope.core.box_tables import detections_table
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.conditions import image_flags
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage
from clumpscope.core.records import (
    FAILURES,
    Columns,
    galaxies_in,
    record_table,
    table_of_rows,
    with_sdss,
)
from clumpscope.engine.watch import time_limit
from clumpscope.errors import ModelError, RecipeError, reason
from clumpscope.models.view import View
from clumpscope.ops.host import host_centre, reference_band
from clumpscope.ops.stars import host_is_star
from clumpscope.stages.detect.detect import Finder, detect
from clumpscope.stages.measure import Photometry, photometry_table
from clumpscope.stages.refine import Refined, positions_table
from clumpscope.store.sample import Sample

T = TypeVar("T")
R = TypeVar("R")


@dataclass(eq=False)
class Work:
    """One galaxy on its way; ``error`` is (stage, message) once something failed.

    ``seconds`` is the time that a stage may take.
    """

    galaxy_id: str
    index: int
    image: AnyImage | None = None
    view: View | None = None
    boxes: Boxes = field(default_factory=Boxes.empty)
    refined: Refined | None = None
    photometry: Photometry | None = None
    flags: int = 0  # of all its clumps
    error: tuple[str, str] | None = None
    seconds: float = LimitsConfig().seconds

    @contextmanager
    def attempt(self, stage: str) -> Iterator[None]:
        """Turn whatever goes wrong inside into this galaxy's failure.

        Raises
        ------
        ModelError
            A wrong model is not the galaxy's fault.
        """
        try:
            with time_limit(self.seconds):
                yield
        except ModelError:
            raise
        except Exception as error:  # one bad galaxy never stops a run
            self.fail(stage, reason(error))

    def fail(self, stage: str, why: str) -> None:
        """Note that the galaxy failed at a stage."""
        self.error = (stage, why)


def each_apart(
    build: Callable[[Sequence[T]], R], items: Sequence[T], failed: Callable[[T, str], None]
) -> R:
    """``build(items)``; where that fails, without those items that fail alone, too.

    Parameters
    ----------
    failed
        Is told each item that was left out, and why.

    Raises
    ------
    ModelError, RecipeError
        Which are no item's fault.
    Exception
        If it fails though each item alone does not.
    """
    try:
        return build(items)
    except (ModelError, RecipeError):
        raise
    except Exception:
        return build(_good(build, items, failed))


def _good(
    build: Callable[[Sequence[T]], object], items: Sequence[T], failed: Callable[[T, str], None]
) -> list[T]:
    """Those items with which ``build`` does not fail."""
    try:
        build(items)
    except (ModelError, RecipeError):
        raise
    except Exception as error:
        if len(items) > 1:
            half = len(items) // 2
            return _good(build, items[:half], failed) + _good(build, items[half:], failed)
        for item in items:
            failed(item, reason(error))
        return []
    return list(items)


def search(finder: Finder, works: Sequence[Work], batch_size: int) -> None:
    """Find the boxes of what the model sees of each galaxy, where it sees any."""

    def look(some: Sequence[Work]) -> None:
        views = [work.view for work in some if work.view is not None]
        with time_limit(sum(work.seconds for work in some)):
            found = detect(finder, views, batch_size)
        for work, boxes in zip(some, found, strict=True):
            work.boxes = boxes

    seen = [work for work in works if work.view is not None]
    if seen:
        each_apart(look, seen, lambda work, why: work.fail("detect", why))


def of_star(image: AnyImage) -> int:
    """Flag of a target that is a star."""
    star = isinstance(image, GalaxyImage) and host_is_star(image)
    return int(ClumpFlag.HOST_IS_STAR) if star else 0


def settled(recipe: Recipe, sample: Sample) -> Recipe:
    """The recipe with the bands that are measured: those that it names, or all of the sample's.

    Raises
    ------
    ImageError
        If it names none, and two of the sample's differ by case alone.
    """
    if recipe.measure.bands is not None:
        return recipe
    bands = sample.bands(recipe.limits) or SDSS_BANDS  # which a table of pictures has
    measured = recipe.measure.model_copy(update={"bands": bands})
    return recipe.model_copy(update={"measure": measured})


def tables(
    works: Sequence[Work], sample: Sample, recipe: Recipe, threshold: float
) -> dict[str, QTable]:
    """Detections, positions, photometry, galaxies and failures of some galaxies, by name."""
    return {
        "detections": detections_table({work.galaxy_id: work.boxes for work in works}),
        **clumps(works, recipe),
        "galaxies": galaxies(works, sample, recipe, threshold),
        "failures": failures(works),
    }


def clumps(works: Sequence[Work], recipe: Recipe) -> dict[str, QTable]:
    """Positions and photometry; of a galaxy with which they cannot be made, none."""

    def failed(work: Work, why: str) -> None:
        work.refined = None
        work.fail("positions", why)

    return each_apart(lambda some: _clumps(some, recipe), works, failed)


def _clumps(works: Sequence[Work], recipe: Recipe) -> dict[str, QTable]:
    """Refined clumps; those whose measurement failed keep their place with NaN fluxes."""
    bands = recipe.measure.bands or ()
    refined, measured = [], []
    for work in works:
        if work.refined is None or work.image is None:
            continue
        wcs = work.image.wcs if isinstance(work.image, GalaxyImage) else None
        flagged = replace(work.refined, flags=work.refined.flags | work.flags)
        refined.append((work.galaxy_id, wcs, flagged))
        measured.append(
            work.photometry or Photometry.unmeasured(work.galaxy_id, len(work.refined), bands)
        )
    positions = positions_table(refined)
    return {
        "positions": positions,
        "photometry": photometry_table(positions, measured, recipe.measure),
    }


def galaxies(works: Sequence[Work], sample: Sample, recipe: Recipe, threshold: float) -> QTable:
    """One row for every galaxy, failed ones included."""
    bands = with_sdss(recipe.measure.bands or ())
    rows: list[Columns] = []
    for work in works:
        with work.attempt("galaxies"):
            rows.append(_galaxy(work, work.image, sample, bands, recipe, threshold))
            continue
        rows.append(_galaxy(work, None, sample, bands, recipe, threshold))
    return table_of_rows(galaxies_in(bands), rows)


def _galaxy(
    work: Work,
    image: AnyImage | None,
    sample: Sample,
    bands: Sequence[str],
    recipe: Recipe,
    threshold: float,
) -> Columns:
    widths = dict.fromkeys(bands, float("nan"))
    pixscale = field_arcsec = float("nan")
    flags = ClumpFlag(work.flags)
    centre = np.full(2, np.nan)
    if isinstance(image, GalaxyImage):
        widths |= {band: image[band].psf_fwhm_arcsec for band in image.bands if band in widths}
        flags |= image_flags(
            image, [reference_band(image), *measurable(recipe.measure.bands, image.bands)]
        )
    elif image is not None:
        widths["r"] = image.psf_fwhm_arcsec
        flags |= image_flags(image)
    if image is not None:
        centre = host_centre(image)
    if isinstance(image, ColourImage) or (image is not None and image.wcs is not None):
        pixscale = image.pixscale_arcsec
        field_arcsec = pixscale * max(image.shape)
    labels = work.refined.label if work.refined is not None else np.array([], dtype=int)
    return {
        "galaxy_id": work.galaxy_id,
        "status": "ok" if work.error is None else "failed",
        "n_detections": len(work.boxes),
        "n_clumps": len(labels),
        "n_normal": int((labels == Label.CLUMP).sum()),
        **{f"psf_fwhm_{band}": width for band, width in widths.items()},
        "pixscale_arcsec": pixscale,
        "field_arcsec": field_arcsec,
        "host_px_x": centre[0],
        "host_px_y": centre[1],
        "petro_flux_u": sample.host(work.index, "petro_flux_u"),
        "score_threshold": threshold,
        "outline": work.refined is not None and work.refined.has_outline,
        "flags": int(flags),
    }


def failures(works: Sequence[Work]) -> QTable:
    """One row for every galaxy that failed."""
    rows = [(work.galaxy_id, *work.error) for work in works if work.error is not None]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    names = ("galaxy_id", "stage", "error")
    return record_table(FAILURES, {n: list(c) for n, c in zip(names, columns, strict=True)})
