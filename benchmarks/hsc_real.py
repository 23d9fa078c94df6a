"""Real HSC beside which simulations are put: a spiral, and colours of clumps."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from reality import DATA

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig, SampleConfig
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.ops.host import host_centre, psf_fwhm_px
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import Photometry, measure
from clumpscope.stages.simulate.inject import added_light, with_light
from clumpscope.store.sample import Sample

Values = NDArray[np.float64]

HSC = DATA / "hsc"
BANDS = ("g", "r", "i", "z", "y")
PAIRS = tuple(pairwise(BANDS))
SIDE_ARCSEC = 24.0  # six times the R90 of about 4 arcsec: the image itself shows but 9
# Each band of the file has a mean of one, whatever its light: these give it the colours of a usual
# star-forming disk, g-r 0.5, r-i 0.25, i-z 0.15, z-y 0.1, and r = 18.3.
ZERO_POINTS = {"g": 27.5, "r": 27.0, "i": 26.75, "z": 26.6, "y": 26.5}


def spiral(folder: Path, side_arcsec: float | None = SIDE_ARCSEC) -> Sample:
    """The spiral as a sample, in its whole field of six R90 or as the file has it."""
    recipe = Recipe(ingest=IngestConfig(survey="hsc", bands=BANDS, zero_point=ZERO_POINTS))
    ingest(plan([HSC], recipe), folder, recipe, size_arcsec=side_arcsec)
    return Sample.open(folder)


def real_clumps() -> Values:
    """Magnitudes (N, 5) of normal clumps in HSC."""
    table = pq.read_table(HSC / "clauds_hsc_clumps.parquet")  # type: ignore[no-untyped-call]
    normal = table["labels"].to_numpy() == 1
    columns = [table[f"clump_flux_ABmag_{band}"].to_numpy() for band in BANDS]
    magnitudes: Values = np.array(columns, dtype=float).T[normal]
    return magnitudes


def simulated_clumps(sample: Sample) -> Values:
    """True magnitudes (N, 5) of a sample's normal clumps."""
    truth = sample.truth()
    normal = plain(truth, "label") == 1
    flux = np.array([plain(truth, f"flux_{band}")[normal] for band in BANDS]).T
    magnitudes: Values = 22.5 - 2.5 * np.log10(flux)
    return magnitudes


def clump_in_spiral(
    image: GalaxyImage, rng: np.random.Generator, share: float, colours: Values
) -> tuple[GalaxyImage, Values, Values]:
    """A point source of a share of the g light laid into the outline, its place and fluxes (5,)."""
    outline = galaxy_outline(image, Recipe().refine)
    good = np.all([plane.good for plane in image.bands.values()], axis=0)
    fwhm = psf_fwhm_px(image)
    rows, cols = np.nonzero(outline & good)
    middle = host_centre(image)
    apart = np.hypot(cols - middle[0], rows - middle[1])
    near = (apart > 2.0 * fwhm) & (apart < 4.5 * fwhm)
    pick = rng.choice(np.flatnonzero(near))
    xy = np.array([[cols[pick], rows[pick]]]) + rng.uniform(-0.5, 0.5, (1, 2))
    total = float(image["g"].data[outline & good].sum())
    flux = share * total * 10 ** (0.4 * np.concatenate([[0], np.cumsum(colours)]))
    planes = dict(image.bands)
    for band, value in zip(BANDS, flux, strict=True):
        light = added_light(image, band, np.array([value]), np.zeros(1), xy)
        planes[band] = with_light(rng, planes[band], light)
    return replace(image, bands=planes), xy, flux


def measured(image: GalaxyImage, xy: Values) -> Photometry:
    """Fluxes at places in an image, in HSC's bands."""
    outline = galaxy_outline(image, Recipe().refine)
    return measure(image, xy, MeasureConfig(bands=BANDS), outline)


def read(sample: Sample) -> GalaxyImage:
    """The only image of a sample."""
    image = sample.read(0, SampleConfig())
    if not isinstance(image, GalaxyImage):
        raise TypeError(image)
    return image
