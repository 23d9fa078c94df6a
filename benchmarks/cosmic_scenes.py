"""Shared SDSS frames with stars and cosmic rays put into them, for `bench_cosmic.py`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from reality import DATA
from scipy import ndimage

from clumpscope.core.field import Psf
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.ops.sources import extract
from clumpscope.stages.fetch.sdss.detectors import CcdNoise, field_noise
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame, read_frame
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror, open_mirror
from clumpscope.stages.fetch.sdss.psfield import PsfModel, read_psfield

STARS = 1000
SKY_RAYS = 400
GALAXY_RAYS = 200
SIGMA = 10.0  # least of a ray's peak
_RIM = 30  # px of a frame that nothing is put into
_APART = 24  # px between things put in, and from real stars
_STAMP = 12  # half side of a ray's


@dataclass(frozen=True, eq=False)
class Field:
    """Frames of a field, their noise and psField's models, by band."""

    key: FieldKey
    frames: dict[str, CorrectedFrame]
    noise: dict[str, CcdNoise]
    models: dict[str, PsfModel]


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame with things put in.

    Attributes
    ----------
    frame
        The frame, its variance that of the sum.
    stars
        (N, 2) row and column of the stars put in.
    rays
        (ny, nx) number of the ray that has a pixel above 10 sigma, from 1; 0 elsewhere.
    touched
        (ny, nx) whether a ray has light there at all.
    on_galaxy
        (n + 1,) whether a ray is on a galaxy, by its number.
    """

    frame: CorrectedFrame
    stars: np.ndarray
    rays: np.ndarray
    touched: np.ndarray
    on_galaxy: np.ndarray


def shared_fields(only: str = "") -> Iterator[Field]:
    """Every field of the shared frames whose name holds ``only``."""
    sharp = FieldKey(8162, 6, 80)
    mirrors = [open_mirror(folder) for folder in sorted((DATA / "sdss_frames").iterdir())]
    mirrors.append(open_mirror(DATA / "sdss_psf"))
    path = DATA / "sdss_sharp" / "frame-i-008162-6-0080.fits.bz2"
    mirrors.append(Mirror(path.parent, {sharp: {"i": path}}, {}))
    for mirror in mirrors:
        for key in mirror.frames:
            if only in str(key):
                noise = field_noise(mirror, key)
                models = read_psfield(mirror.psfields[key]) if key in mirror.psfields else {}
                frames = {b: read_frame(p, b, noise[b]) for b, p in mirror.frames[key].items()}
                yield Field(key, frames, noise, models)


def isolated_stars(frame: CorrectedFrame, psf: Psf) -> np.ndarray:
    """(N, 2) row and column of sources of S/N > 20 as wide as the PSF, alone in 16 px."""
    light, noise = np.nan_to_num(frame.data), np.sqrt(frame.variance)
    table, _ = extract(light, noise, 3.0, contrast=0.001)
    ny, nx = light.shape
    found = []
    for source in table:
        x, y = float(source["x"]), float(source["y"])
        row, col = round(y), round(x)
        inside = _RIM < row < ny - _RIM and _RIM < col < nx - _RIM
        if not inside or source["peak"] / frame.calibration[col] > 14000:
            continue
        close = np.hypot(table["x"] - x, table["y"] - y) < 16
        if table["flux"][close].sum() > 1.05 * source["flux"]:
            continue
        window = np.s_[row - 15 : row + 16, col - 15 : col + 16]
        sigma = np.sqrt(np.pi * 4**2) * float(np.median(noise[window]))
        if source["flux"] < 20 * np.hypot(sigma, 0.02 * source["flux"]):
            continue
        stamp = light[window] - np.median(light[window])
        width = adaptive_fwhm_px(stamp, (x - col + 15, y - row + 15))
        if abs(width / psf.at(row, col).fwhm_px - 1) < 0.08:
            found.append((row, col))
    return np.array(found).reshape(-1, 2)


def scene(
    frame: CorrectedFrame, psf: Psf, noise: CcdNoise, real: np.ndarray, *, galaxies: bool, seed: int
) -> Scene:
    """Put stars of 15 to 19 mag and rays into a frame, away from its ``real`` isolated stars."""
    rng = np.random.default_rng(seed)
    light = np.nan_to_num(frame.data)
    deviation = np.sqrt(frame.variance)
    source = _lit(light, deviation)
    extended = _galaxies(light, deviation, psf) if galaxies else np.zeros(light.shape, dtype=bool)
    free = np.ones(light.shape, dtype=bool)
    free[:_RIM] = free[-_RIM:] = free[:, :_RIM] = free[:, -_RIM:] = False
    for row, col in real:
        _take(free, row, col)
    ours = _places(free, extended, GALAXY_RAYS, rng)
    on_sky = _places(free, ~source, SKY_RAYS, rng)
    stars = _places(free, free, STARS, rng)
    added = np.zeros(light.shape)
    number = np.zeros(light.shape, dtype=int)
    for n, (row, col) in enumerate((*ours, *on_sky), start=1):
        ray = _ray(rng) * deviation[row, col] * SIGMA * 10 ** rng.uniform(0.1, 1)
        window = np.s_[row - _STAMP : row + _STAMP + 1, col - _STAMP : col + _STAMP + 1]
        added[window] += ray
        number[window][ray > 0] = n
    for row, col in stars:
        image = psf.at(row, col).image.astype(float)
        half = min(image.shape[0] // 2, _RIM - 1)
        middle = image.shape[0] // 2
        moved = ndimage.shift(image, rng.uniform(-0.5, 0.5, 2), order=3)
        flux = 10 ** (0.4 * (22.5 - rng.uniform(15, 19)))
        core = moved[middle - half : middle + half + 1, middle - half : middle + half + 1]
        added[row - half : row + half + 1, col - half : col + half + 1] += flux * core
    electrons = np.maximum(added, 0) / frame.calibration * noise.gain
    added = rng.poisson(electrons) / noise.gain * frame.calibration
    variance = frame.variance + added * frame.calibration / noise.gain
    sum_of_all = replace(
        frame,
        data=(frame.data + added).astype(np.float32),
        variance=variance.astype(np.float32),
    )
    bright = np.where(added > SIGMA * np.sqrt(variance), number, 0)
    on_galaxy = np.arange(len(ours) + len(on_sky) + 1) <= len(ours)
    return Scene(sum_of_all, stars, bright, number > 0, on_galaxy)


def _ray(rng: np.random.Generator) -> np.ndarray:
    """A ray's light, (25, 25), peak 1: a dot of 1 to 3 px or a track of up to 15.

    Tracks are 1 px wide at any angle, pixels partly covered, of uneven energy.
    """
    side = 2 * _STAMP + 1
    image = np.zeros((side, side))
    length = rng.integers(1, 16)
    if length == 1:
        image[_STAMP, _STAMP] = 1
        for dy, dx in ((0, 1), (1, 0)):
            image[_STAMP + dy, _STAMP + dx] = rng.uniform(0, 0.6) * rng.integers(2)
        return image
    angle = rng.uniform(0, np.pi)
    row, col = _STAMP + rng.uniform(-0.5, 0.5, 2)
    along = np.linspace(-(length - 1) / 2, (length - 1) / 2, 40 * length)
    across = np.linspace(-0.45, 0.45, 10)[:, None]
    rows = row + along * np.sin(angle) + across * np.cos(angle)
    cols = col + along * np.cos(angle) - across * np.sin(angle)
    np.add.at(image, (np.rint(rows).astype(int), np.rint(cols).astype(int)), 1)
    image *= rng.uniform(0.7, 1.3, image.shape)
    return image / image.max()


def _lit(light: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Pixels within 6 px of any source."""
    smooth = ndimage.uniform_filter(light / deviation, 3)
    return np.asarray(ndimage.maximum_filter(smooth > 1.5, 13))


def _galaxies(light: np.ndarray, deviation: np.ndarray, psf: Psf) -> np.ndarray:
    """Pixels of sources wider than 1.4 PSFs and fainter than a saturated star's."""
    table, segments = extract(light, deviation, 2.0, contrast=0.005)
    ny, nx = light.shape
    own = psf.at(ny / 2, nx / 2).fwhm_px
    wide = 2.3548 * np.sqrt(table["a"] * table["b"]) > 1.4 * own
    chosen = wide & (table["npix"] > 60) & (table["npix"] < 5000)
    return np.isin(segments, np.flatnonzero(chosen) + 1)


def _places(
    free: np.ndarray, allowed: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """(N, 2) allowed places apart from one another, taken out of the free ones."""
    chosen = []
    candidates = np.argwhere(free & allowed)
    for row, col in candidates[rng.permutation(len(candidates))]:
        if len(chosen) == number:
            break
        if free[row, col]:
            chosen.append((row, col))
            _take(free, row, col)
    return np.array(chosen).reshape(-1, 2)


def _take(free: np.ndarray, row: int, col: int) -> None:
    top, left = max(row - _APART, 0), max(col - _APART, 0)
    free[top : row + _APART + 1, left : col + _APART + 1] = False
