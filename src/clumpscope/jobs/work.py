"""One galaxy's way through the stages, and the tables of many."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import detections_table
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.composite import Composite
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
from clumpscope.errors import ClumpscopeError, ModelError
from clumpscope.ops.host import host_centre, reference_band
from clumpscope.stages.measure import Photometry, photometry_table
from clumpscope.stages.refine import Refined, positions_table
from clumpscope.store.sample import Sample


@dataclass(eq=False)
class Work:
    """One galaxy on its way; ``error`` is (stage, message) once something failed."""

    galaxy_id: str
    index: int
    image: AnyImage | None = None
    composite: Composite | None = None
    boxes: Boxes = field(default_factory=Boxes.empty)
    refined: Refined | None = None
    photometry: Photometry | None = None
    flags: int = 0  # of all its clumps
    error: tuple[str, str] | None = None

    @contextmanager
    def attempt(self, stage: str) -> Iterator[None]:
        """Turn whatever goes wrong inside into this galaxy's failure.

        Raises
        ------
        ModelError
            A wrong model is not the galaxy's fault.
        """
        try:
            yield
        except ModelError:
            raise
        except ClumpscopeError as error:
            self.error = (stage, str(error))
        except Exception as error:  # one bad galaxy never stops a run
            self.error = (stage, f"{type(error).__name__}: {error}")


def tables(
    works: Sequence[Work], sample: Sample, recipe: Recipe, threshold: float
) -> dict[str, QTable]:
    """Detections, positions, photometry, galaxies and failures of some galaxies, by name."""
    return {
        "detections": detections_table({work.galaxy_id: work.boxes for work in works}),
        **positions_and_photometry(works, recipe),
        "galaxies": galaxies(works, sample, recipe, threshold),
        "failures": failures(works),
    }


def positions_and_photometry(works: Sequence[Work], recipe: Recipe) -> dict[str, QTable]:
    """Refined clumps; those whose measurement failed keep their place with NaN fluxes."""
    bands = recipe.measure.bands
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
    bands = with_sdss(recipe.measure.bands)
    rows = [_galaxy(work, sample, bands, recipe, threshold) for work in works]
    return table_of_rows(galaxies_in(bands), rows)


def _galaxy(
    work: Work, sample: Sample, bands: Sequence[str], recipe: Recipe, threshold: float
) -> Columns:
    widths = dict.fromkeys(bands, float("nan"))
    pixscale = field_arcsec = float("nan")
    flags = ClumpFlag(work.flags)
    centre = np.full(2, np.nan)
    image = work.image
    if isinstance(image, GalaxyImage):
        widths |= {band: image[band].psf_fwhm_arcsec for band in image.bands if band in widths}
        flags |= image_flags(image, [reference_band(image), *recipe.measure.bands])
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
