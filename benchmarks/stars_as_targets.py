"""Isolated stars measured as targets, as `fetch` would cut them, by default settings."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import sep
from astropy.table import Table
from numpy.typing import NDArray
from reality import DATA, fields
from scipy.spatial import cKDTree

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.sources import extract
from clumpscope.stages.fetch.band import Band
from clumpscope.stages.fetch.cutout import on_grid
from clumpscope.stages.fetch.resample import Grid
from clumpscope.stages.fetch.sdss.band import make_bands
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import read_frame
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.stages.measure import measure

Values = NDArray[np.float64]

RECIPE = Recipe()
PHOTO = DATA / "sdss_psf"
SIDE = 91
APERTURE_ARCSEC = 7.43
CLEAR_ARCSEC = 15.0
_FEWEST = 5
SNRS = (3.0, 5.0, 10.0, 30.0, 100.0, np.inf)


def measured(bands: dict[str, Band], grid_band: str, x: float, y: float) -> tuple[Values, Values]:
    """Flux and error in each band of the source at a pixel of the grid band's frame."""
    wcs = bands[grid_band].frame.wcs
    grid = Grid.centred(wcs, x, y, SIDE)
    planes = {band: on_grid(one, grid, own=band == grid_band) for band, one in bands.items()}
    ra, dec = (float(value) for value in native_to_sky([[x, y]], wcs)[0])
    image = GalaxyImage("star", planes, ra, dec)
    xy = np.array([[x - grid.x0, y - grid.y0]])
    config = RECIPE.measure.model_copy(update={"bands": tuple(bands)})
    found = measure(image, xy, config, galaxy_outline(image, RECIPE.refine))
    return found.flux[0], found.flux_err[0]


def field_stars() -> Iterator[tuple[str, float, float, float, float]]:
    """Band, flux, error, and what an aperture of 7.4 arcsec has, with its error: bright stars."""
    for _, bands in fields():
        frame = bands["r"].frame
        noise = np.sqrt(frame.variance).astype(np.float32)
        table, _ = extract(frame.data.astype(np.float32), noise, 1.5, contrast=0.001)
        xy, flux = np.column_stack([table["x"], table["y"]]), table["flux"]
        pixel = 0.396
        core, all_of_it = (
            sep.sum_circle(frame.data, *xy.T, radius / pixel, subpix=5)[0] for radius in (1.2, 4.0)
        )
        share = core / np.maximum(all_of_it, 1e-9)
        bright = (flux > 10) & (flux < 800)
        narrow = bright & (share > 0.97 * np.percentile(share[bright], 70))
        tree, clear = cKDTree(xy), CLEAR_ARCSEC / pixel
        for k in np.flatnonzero(narrow):
            x, y = xy[k]
            near = tree.query_ball_point(xy[k], clear)
            if flux[near].sum() > 1.01 * flux[k] or not (50 < x < 1998 and 50 < y < 1439):
                continue
            found = measured(bands, "r", x, y)
            ra_dec = native_to_sky([[x, y]], frame.wcs)
            for band, value, error in zip(bands, *found, strict=True):
                one = bands[band]
                if band != "r" and not np.isfinite(value):
                    continue
                there = sky_to_native(ra_dec, one.frame.wcs)[0]
                col, row = np.rint(there).astype(int)
                cut = (slice(row - 45, row + 46), slice(col - 45, col + 46))
                if one.mask[cut][30:61, 30:61].any():
                    continue
                whole, spread = aperture(one, there, cut)
                yield band, float(value), float(error), whole, spread


def aperture(band: Band, place: Values, cut: tuple[slice, slice]) -> tuple[float, float]:
    """Flux in 7.4 arcsec on the median of what is beyond, and its error."""
    data, variance = band.frame.data[cut].astype(float), band.frame.variance[cut].astype(float)
    y, x = np.indices(data.shape)
    distance = np.hypot(x - place[0] + cut[1].start, y - place[1] + cut[0].start) * 0.396
    ring = (distance > 9) & (distance < 17)
    level = np.median(data[ring])
    inside = distance < APERTURE_ARCSEC
    error = np.sqrt(
        variance[inside].sum() + inside.sum() ** 2 * 1.57 * data[ring].var() / ring.sum()
    )
    return float((data[inside] - level).sum()), float(error)


def photo_stars() -> Iterator[tuple[float, float, float, float]]:
    """Flux, error, psfFlux and its error in u of isolated stars of 3900-6-269."""
    mirror = open_mirror(PHOTO)
    key = next(key for key in mirror.frames if key.run == 3900)
    frame = read_frame(mirror.frames[key]["u"], "u", field_noise(mirror, key)["u"])
    band = make_bands({"u": frame}, read_psfield(mirror.psfields[key]))["u"]
    table = Table.read(PHOTO / "photoObj-003900-6-0269.fits")
    table = table[(table["MODE"] == 1) & (table["NCHILD"] == 0)]
    xy = sky_to_native(np.column_stack([table["RA"], table["DEC"]]), frame.wcs)
    tree, clear = cKDTree(xy), CLEAR_ARCSEC / 0.396
    r_flux = np.asarray(table["PSFFLUX"][:, 2])
    for k in np.flatnonzero(np.asarray(table["OBJC_TYPE"]) == 6):
        x, y = xy[k]
        near = [other for other in tree.query_ball_point(xy[k], clear) if other != k]
        if (r_flux[near] > 0.1 * r_flux[k]).any() or not (50 < x < 1998 and 50 < y < 1439):
            continue
        true, inverse = float(table["PSFFLUX"][k, 0]), float(table["PSFFLUX_IVAR"][k, 0])
        if inverse <= 0 or true * np.sqrt(inverse) < SNRS[0]:
            continue
        flux, error = measured({"u": band}, "u", x, y)
        yield float(flux[0]), float(error[0]), true, inverse**-0.5


def stars() -> None:
    """Print how well stars come back."""
    print("\nstars as targets: median ratio, errors, width of pulls")
    if (PHOTO / "photoObj-003900-6-0269.fits").is_file():
        table(np.array(list(photo_stars())), "3900-6-269 u to psfFlux", photo=True)
    found = list(field_stars())
    for band in ("u", "g", "r", "i", "z"):
        rows = np.array([one[1:] for one in found if one[0] == band])
        table(rows, f"fields {band} to 7.4 arcsec", photo=False)


def table(rows: Values, what: str, *, photo: bool) -> None:
    """Rows of flux, error, reference and its error by signal-to-noise."""
    snr = rows[:, 2] / (rows[:, 3] if photo else np.hypot(rows[:, 1], rows[:, 3]))
    for low, high in pairwise(SNRS):
        flux, error, true, other = rows[(snr >= low) & (snr < high)].T
        if len(flux) < _FEWEST:
            continue
        # psfFlux is of the same pixels, and its error in ours; wide apertures have their own.
        edges = np.percentile(
            (flux - true) / (error if photo else np.hypot(error, other)), [16, 84]
        )
        print(
            f"  {what}, S/N {low:g}-{high:g}: {len(flux)} stars, ratio "
            f"{np.median(flux / true):.3f}, errors {np.median(error / other):.2f} of the other's, "
            f"pulls {np.ptp(edges) / 2:.2f}"
        )
