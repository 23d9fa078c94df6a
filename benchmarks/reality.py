"""Real SDSS beside which simulations are put: galaxies of the shared frames, their blank sky."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sep
from astropy.table import Table
from PIL import Image
from scipy import ndimage

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig, SampleConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.composite import composite
from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky
from clumpscope.jobs.fetch import fetch
from clumpscope.ops.sources import extract
from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import FieldKey, open_mirror
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.sample import Sample

DATA = Path(__file__).parents[2] / "shared" / "data"
FRAMES = DATA / "sdss_frames"
_EXTENDED = 0.88  # of a star's concentration: what is less concentrated is a galaxy


def frame_cutouts(work: Path, faintest: float = 19.0, field: str = "") -> Sample:
    """Cut every galaxy brighter than r = ``faintest`` out of the shared frames, or of one."""
    folder = work / "real"
    targets = Table(rows=galaxies(faintest, field), names=("galaxy_id", "ra", "dec"))
    fetch("sdss", make_targets(targets, "galaxies of the frames"), FRAMES, folder, Recipe())
    return Sample.open(folder)


def galaxies(faintest: float, field: str = "") -> list[tuple[str, float, float]]:
    """Id, ra and dec of extended, unsaturated sources brighter than r = ``faintest``."""
    found = []
    for key, bands in fields(field):
        band = bands["r"]
        data = band.frame.data.astype(np.float32)
        noise = np.sqrt(band.frame.variance).astype(np.float32)
        table, _ = extract(data, noise, 1.5, contrast=0.005)
        magnitude = 22.5 - 2.5 * np.log10(np.maximum(table["flux"], 1e-3))
        fwhm = band.psf.at(700, 1000).fwhm_px
        inner, outer = (
            sep.sum_circle(data, table["x"], table["y"], radius * fwhm, subpix=5)[0]
            for radius in (0.75, 2.5)
        )
        bright = magnitude < faintest
        concentration = inner / outer
        stars = np.percentile(concentration[bright], 60)
        saturated = ndimage.maximum_filter((band.mask & 1) > 0, 7)
        ny, nx = data.shape
        for k in np.flatnonzero(bright & (concentration < _EXTENDED * stars)):
            x, y = float(table["x"][k]), float(table["y"][k])
            inside = 20 < x < nx - 20 and 20 < y < ny - 20
            if inside and not saturated[int(y), int(x)]:
                ra, dec = native_to_sky([[x, y]], band.frame.wcs)[0]
                found.append((f"{key.run}-{int(x)}-{int(y)}", float(ra), float(dec)))
    return found


def fields(only: str = "") -> Iterator[tuple[FieldKey, dict[str, Band]]]:
    """Key and bands of each shared field whose folder's name begins with ``only``."""
    for folder in sorted(FRAMES.glob(f"{only}*")):
        mirror = open_mirror(folder)
        for key in mirror.frames:
            yield key, load_field(mirror, key)


def blank_sky(sample: Sample) -> dict[str, tuple[float, float]]:
    """Median scatter of blank pixels in a sample's corners and in the shared frames, by band.

    Both from differences of pixels seven apart, so that gradients and correlation drop out.
    The frames are resampled by `fetch` for all bands but r, and so is what is compared.
    """
    ours: dict[str, list[float]] = {band: [] for band in SDSS_BANDS}
    for index in range(min(len(sample), 300)):
        image = sample.read(index, SampleConfig())
        edge = max(image.shape[0] // 8, 8)
        for band in SDSS_BANDS:
            ours[band].append(_scatter(image[band].data[:edge]))
    frames = [{name: _frame(band) for name, band in bands.items()} for _, bands in fields()]
    return {
        band: (float(np.median(ours[band])), float(np.mean([frame[band] for frame in frames])))
        for band in SDSS_BANDS
    }


def _frame(band: Band) -> float:
    """Scatter of a frame's blank pixels, resampled by half a pixel unless it is r."""
    data = band.frame.data[:1200, :1200].astype(float)
    if band.frame.band == "r":
        return _scatter(data)
    steps = ((0.1, 0.4), (0.25, 0.25), (0.5, 0.2))
    moved = (ndimage.shift(data, step, order=3, mode="nearest") for step in steps)
    return float(np.mean([_scatter(one) for one in moved]))


def _scatter(data: np.ndarray) -> float:
    difference = (data[:, 7:] - data[:, :-7]).ravel()
    return float(1.4826 * np.median(np.abs(difference - np.median(difference))) / np.sqrt(2))


def picture(sample: Sample, index: int, crop: int = 400) -> np.ndarray:
    """(crop, crop, 3) uint8 composite as volunteers saw it, first row on top."""
    config = CompositeConfig(crop=crop)
    pixels = composite(sample.read(index, SampleConfig()), config).pixels
    return np.rint(255 * pixels.transpose(1, 2, 0)[::-1]).astype(np.uint8)


def picture_sheet(
    sample: Sample, out: Path, number: int, columns: int = 8, side: int = 200
) -> None:
    """Draw the first galaxies of a sample, whole fields."""
    number = min(number, len(sample))
    rows = -(-number // columns)
    sheet = Image.new("RGB", (columns * side, rows * side))
    for k in range(number):
        tile = Image.fromarray(picture(sample, k)).resize(
            (side - 2, side - 2), Image.Resampling.NEAREST
        )
        sheet.paste(tile, (k % columns * side, k // columns * side))
    sheet.save(out)
