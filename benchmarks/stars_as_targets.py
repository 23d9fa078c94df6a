"""Isolated stars measured as targets, as `fetch` would cut them, by default settings.

An aperture of 7.4 arcsec has more errors than its photons: sources that no one sees, slopes of the
sky. So the scatter of apertures on nothing is taken, at places as clear of sources as the star.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import sep
from astropy.table import Table
from numpy.typing import NDArray
from reality import DATA, fields
from scipy.spatial import cKDTree

from clumpscope.config.recipe import Recipe
from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.background import sky
from clumpscope.ops.on_window import on_window
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.sources import extract
from clumpscope.ops.window import Window
from clumpscope.stages.fetch.sdss.band import make_bands
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import read_frame
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.stages.measure import measure
from clumpscope.stages.simulate.inject import added_light, with_light

Values = NDArray[np.float64]

RECIPE = Recipe()
PHOTO = DATA / "sdss_psf"
SIDE = 91
APERTURE_ARCSEC = 7.43
CLEAR_ARCSEC = 15.0
_FEWEST = 5
SNRS = (3.0, 5.0, 10.0, 30.0, 100.0, np.inf)
PIXEL = 0.396
BLANK = 400  # places of a field at which apertures are laid on nothing
INJECTED = 40  # of them that get a star
_FEWEST_BLANK = 20
PHOTO_SHARE = 0.012  # of psfFlux is in its error, however bright: the PSF's

Row = tuple[str, *tuple[float, ...]]


def cutout(
    bands: dict[str, Band], grid_band: str, x: float, y: float
) -> tuple[GalaxyImage, Values]:
    """Cutout around a pixel of the grid band's frame, as `fetch` makes it, and the pixel in it."""
    wcs = bands[grid_band].frame.wcs
    grid = Window.centred(wcs, x, y, SIDE)
    planes = {band: on_window(one, grid, own=band == grid_band) for band, one in bands.items()}
    ra, dec = (float(value) for value in native_to_sky([[x, y]], wcs)[0])
    return GalaxyImage("star", planes, ra, dec), np.array([[x - grid.x0, y - grid.y0]])


def measured(image: GalaxyImage, xy: Values, *, star: bool | None = None) -> tuple[Values, Values]:
    """Flux and error in each band of the source at a place of a cutout."""
    config = RECIPE.measure.model_copy(update={"bands": tuple(image.bands)})
    found = measure(image, xy, config, galaxy_outline(image, RECIPE.refine), star=star)
    return found.flux[0], found.flux_err[0]


def injected(bands: dict[str, Band], grid_band: str, xy: Values) -> Iterator[Row]:
    """Band, flux, error and truth of stars of S/N 10 to 100 put onto blank places (n, 2)."""
    rng = np.random.default_rng(8)
    for x, y in xy:
        image, place = cutout(bands, grid_band, x, y)
        noise = measured(image, place, star=True)[1]
        true = noise * np.exp(rng.uniform(np.log(10), np.log(100)))
        filled = {
            band: with_light(rng, plane, added_light(image, band, true[[k]], np.zeros(1), place))
            for k, (band, plane) in enumerate(image.bands.items())
        }
        found = measured(replace(image, bands=filled), place, star=True)
        for band, flux, error, truth in zip(bands, *found, true, strict=True):
            yield band, float(flux), float(error), float(truth)


def field_stars() -> tuple[list[Row], list[Row]]:
    """Bright stars: band, flux, error, and what an aperture of 7.4 arcsec has, with its error.

    The same of stars put onto blank places, without an aperture.
    """
    found: list[Row] = []
    made: list[Row] = []
    for _, bands in fields():
        frame = bands["r"].frame
        noise = np.sqrt(frame.variance).astype(np.float32)
        table, _ = extract(frame.data.astype(np.float32), noise, 1.5, contrast=0.001)
        xy, flux = np.column_stack([table["x"], table["y"]]), table["flux"]
        core, all_of_it = (
            sep.sum_circle(frame.data, *xy.T, radius / PIXEL, subpix=5)[0] for radius in (1.2, 4.0)
        )
        share = core / np.maximum(all_of_it, 1e-9)
        bright = (flux > 10) & (flux < 800)
        narrow = bright & (share > 0.97 * np.percentile(share[bright], 70))
        tree, clear = cKDTree(xy), CLEAR_ARCSEC / PIXEL
        blank = np.random.default_rng(7).uniform([50, 50], [1998, 1439], (BLANK, 2))
        beside = np.array([flux[tree.query_ball_point(place, clear)].sum() for place in blank])
        made += injected(bands, "r", blank[beside < 1][:INJECTED])
        empty = {band: [on_frame(bands, band, place) for place in blank] for band in bands}
        for k in np.flatnonzero(narrow):
            x, y = xy[k]
            near = tree.query_ball_point(xy[k], clear)
            if flux[near].sum() > 1.01 * flux[k] or not (50 < x < 1998 and 50 < y < 1439):
                continue
            like = beside < 0.01 * flux[k]
            results = measured(*cutout(bands, "r", x, y))
            for band, value, error in zip(bands, *results, strict=True):
                whole, photons = on_frame(bands, band, xy[k])
                skies = np.array([one[0] for one, so in zip(empty[band], like, strict=True) if so])
                skies = skies[np.isfinite(skies)]
                if np.isfinite(value) and np.isfinite(whole) and len(skies) > _FEWEST_BLANK:
                    spread = np.ptp(np.percentile(skies, [16, 84])) / 2
                    found.append(
                        (band, float(value), float(error), whole, float(np.hypot(spread, photons)))
                    )
    return found, made


def on_frame(bands: dict[str, Band], band: str, xy: Values) -> tuple[float, float]:
    """`aperture` of a band around a place in r; NaN where something near is masked."""
    one = bands[band]
    there = sky_to_native(native_to_sky(xy[None], bands["r"].frame.wcs), one.frame.wcs)[0]
    col, row = np.rint(there).astype(int)
    cut = (slice(row - 45, row + 46), slice(col - 45, col + 46))
    if row < 45 or col < 45 or one.mask[cut].shape != (91, 91) or one.mask[cut][26:65, 26:65].any():
        return np.nan, np.nan
    return aperture(one, there, cut)


def aperture(band: Band, place: Values, cut: tuple[slice, slice]) -> tuple[float, float]:
    """Flux in 7.4 arcsec on the sky of what is beyond, and the error by the source's photons."""
    data, variance = band.frame.data[cut].astype(float), band.frame.variance[cut].astype(float)
    y, x = np.indices(data.shape)
    distance = np.hypot(x - place[0] + cut[1].start, y - place[1] + cut[0].start) * PIXEL
    ring = (distance > 9) & (distance < 17)
    inside = distance < APERTURE_ARCSEC
    photons = (variance[inside] - np.median(variance[ring])).sum()
    flux = (data[inside] - sky(data, ring).level).sum()
    return float(flux), float(np.sqrt(max(photons, 0)))


def photo_stars() -> tuple[list[Row], list[Row]]:
    """Band, flux, error, psfFlux and its error in u of isolated stars of 3900-6-269; and made."""
    mirror = open_mirror(PHOTO)
    key = next(key for key in mirror.frames if key.run == 3900)
    frame = read_frame(mirror.frames[key]["u"], "u", field_noise(mirror, key)["u"])
    band = make_bands({"u": frame}, read_psfield(mirror.psfields[key]))["u"]
    table = Table.read(PHOTO / "photoObj-003900-6-0269.fits")
    table = table[(table["MODE"] == 1) & (table["NCHILD"] == 0)]
    xy = sky_to_native(np.column_stack([table["RA"], table["DEC"]]), frame.wcs)
    tree, clear = cKDTree(xy), CLEAR_ARCSEC / PIXEL
    u_flux, r_flux = (np.asarray(table["PSFFLUX"][:, k]) for k in (0, 2))
    found: list[Row] = []
    for k in np.flatnonzero(np.asarray(table["OBJC_TYPE"]) == 6):
        x, y = xy[k]
        near = [other for other in tree.query_ball_point(xy[k], clear) if other != k]
        if (r_flux[near] > 0.1 * r_flux[k]).any() or not (50 < x < 1998 and 50 < y < 1439):
            continue
        true, inverse = float(u_flux[k]), float(table["PSFFLUX_IVAR"][k, 0])
        if inverse <= 0 or true * np.sqrt(inverse) < SNRS[0]:
            continue
        flux, error = measured(*cutout({"u": band}, "u", x, y))
        found.append(("u", float(flux[0]), float(error[0]), true, inverse**-0.5))
    blank = np.random.default_rng(7).uniform([50, 50], [1998, 1439], (BLANK, 2))
    beside = np.array([u_flux[tree.query_ball_point(place, clear)].sum() for place in blank])
    return found, list(injected({"u": band}, "u", blank[beside < 1][: 4 * INJECTED]))


def stars() -> None:
    """Print how well stars come back."""
    print("\nstars as targets: median ratio, errors, width of pulls")
    made: list[Row] = []
    if (PHOTO / "photoObj-003900-6-0269.fits").is_file():
        found, made = photo_stars()
        table(found, "3900-6-269 u to psfFlux", photo=True)
    found, others = field_stars()
    for band in ("u", "g", "r", "i", "z"):
        table([one for one in found if one[0] == band], f"fields {band} to 7.4 arcsec", photo=False)
    table(found, "fields, all bands", photo=False)
    for what, rows in (("3900-6-269", made), ("fields", others)):
        for band in sorted({one[0] for one in rows}, key="ugriz".index):
            flux, error, true = np.array([one[1:] for one in rows if one[0] == band]).T
            low, middle, high = np.percentile((flux - true) / error, [16, 50, 84])
            print(
                f"  put onto blank sky of {what} {band}, S/N 10-100: {len(flux)} stars, ratio "
                f"{np.median(flux / true):.3f}, pulls {(high - low) / 2:.2f} ({middle:+.2f})"
            )


def table(found: list[Row], what: str, *, photo: bool) -> None:
    """Stars by signal-to-noise, and all above 10."""
    rows = np.array([one[1:] for one in found])
    snr = rows[:, 2] / (rows[:, 3] if photo else np.hypot(rows[:, 1], rows[:, 3]))
    for low, high in [*pairwise(SNRS), (10.0, np.inf)]:
        flux, error, true, other = rows[(snr >= low) & (snr < high)].T
        if len(flux) < _FEWEST:
            continue
        # psfFlux is of the same pixels, so its photons are in our error; apertures have their own.
        both = np.hypot(error, PHOTO_SHARE * true if photo else other)
        edges = np.percentile((flux - true) / both, [16, 84])
        ratio = flux / true
        sigma = 1.25 * np.ptp(np.percentile(ratio, [16, 84])) / 2 / np.sqrt(len(ratio))
        print(
            f"  {what}, S/N {low:g}-{high:g}: {len(flux)} stars, ratio {np.median(ratio):.3f} "
            f"± {sigma:.3f}, errors {np.median(error / other):.2f} of the other's, "
            f"pulls {np.ptp(edges) / 2:.2f}"
        )
