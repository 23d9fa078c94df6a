"""A host galaxy told from its neighbours, its centre and its shape."""

from dataclasses import dataclass

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.core.frames import native_to_sky
from clumpscope.ops.background import sky
from clumpscope.ops.grown import grown
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.ops.sources import extract

_SIGMA = 1.5  # detection, a pixel
_SKY_OFF = 0.1  # sigma a pixel, by which skies may be wrong; SEP's smoothing makes 2.7 of it
_CONTRAST = 0.002  # deblending
_ELLIPSE = 3.0  # in rms axes: parts of a blend centred within belong to the host
_STAR_WIDTH = 1.2  # parts narrower than this times the PSF may be stars ...
_STAR_CONTRAST = 6.0  # ... and are if their peak stands this far above the host around
_COMPANION = 0.6  # of the main part's flux: a part brighter than this is a galaxy of its own
_SURE_SIGMA = 8.0  # of a neighbour's whole flux
_LEAST_SKY = 200  # px
_GROW = 2  # px around neighbours

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Host:
    """Where the host is in a stamp.

    Attributes
    ----------
    x, y
        Its centre, 0-based pixels.
    member
        (ny, nx) its pixels above the detection threshold.
    good
        (ny, nx) False on neighbours and defects.
    level
        Residual background, subtracted by those who measure.
    blank
        Whether there is nothing, and a larger stamp would show nothing either.
    """

    x: float
    y: float
    member: Flags
    good: Flags
    level: float
    blank: bool = False


def find_host(
    data: NDArray[np.float32],
    variance: NDArray[np.float32],
    bad: Flags,
    empty: Flags,
    x: float,
    y: float,
    psf_fwhm_px: float,
) -> Host:
    """Find the galaxy at (x, y) and tell it from its neighbours.

    Sources are found at 1.5 sigma. Those apart from the host are neighbours. The host's own
    segment is deblended, and since a clumpy galaxy falls into many parts, parts whose centre
    lies within three rms axes of the main one stay with it, unless they rival it in flux
    (companions), or are as narrow as the PSF and stand six times above the host around them,
    as clumps do not (stars).
    Without a source at (x, y) the whole stamp but its sources is good and ``member`` empty.

    Parameters
    ----------
    data, variance
        (ny, nx) nanomaggy and nanomaggy squared.
    bad
        (ny, nx) True on pixels not to be measured: saturated or without data.
    empty
        (ny, nx) True without data; a saturated star is a source like any other.
    x, y
        Given position, 0-based pixels; the centre is the brightest smoothed pixel within
        1.5 PSF-FWHM of it.
    psf_fwhm_px
        PSF-FWHM, pixels.

    Raises
    ------
    FrameError
        If source finding fails.
    """
    noise = np.sqrt(variance)
    level = _level(data, bad)
    light = data - np.float32(level)
    table, parents = extract(light, noise, _SIGMA, contrast=1.0, mask=empty)
    level += _level(light, bad | grown(parents > 0, 4))
    light = data - np.float32(level)
    x, y = _centre(light, bad, x, y, psf_fwhm_px)
    at = (round(y), round(x))
    sure = _significant(table, parents, noise)
    parent = parents[at]
    if parent == 0:
        neighbours = grown(sure, _GROW)
        # No larger stamp's sky can be so much lower, unless this one's is a galaxy's light.
        _, fainter = extract(light, noise, _SIGMA - 3 * _SKY_OFF, contrast=1.0, mask=empty)
        here = tuple(slice(max(value - 1, 0), value + 2) for value in at)
        blank = not fainter[here].any() and bool(level < _SKY_OFF * noise[at])
        return Host(x, y, np.zeros_like(bad), ~bad & ~neighbours, level, blank)
    table, parts = extract(light, noise, _SIGMA, contrast=_CONTRAST, mask=empty)
    member = parents == parent
    member &= ~_strangers(light, table, np.where(member, parts, 0), at, psf_fwhm_px)
    others = (sure | (parents == parent)) & ~member
    # Growing the neighbours must not eat the host.
    others |= grown(others, _GROW) & ~member
    return Host(x, y, member & ~bad, ~bad & ~others, level)


def _significant(
    table: NDArray[np.void], segments: NDArray[np.int32], noise: NDArray[np.floating]
) -> Flags:
    """Pixels of sources above 8 sigma in all; to mask fainter ones would mask noise upwards."""
    inside = segments > 0
    power = np.bincount(segments[inside], noise[inside] ** 2, minlength=len(table) + 1)[1:]
    sure = np.concatenate([[False], table["flux"] > _SURE_SIGMA * np.sqrt(np.maximum(power, 0))])
    pixels: Flags = sure[segments]
    return pixels


def _level(data: NDArray[np.floating], bad: Flags) -> float:
    """Level of the blank sky; 0 where too little of it is left, as frames come without."""
    return sky(data, ~bad).level if np.count_nonzero(~bad) >= _LEAST_SKY else 0.0


def _centre(
    light: NDArray[np.floating], bad: Flags, x: float, y: float, fwhm: float
) -> tuple[float, float]:
    sigma = fwhm / gaussian_sigma_to_fwhm
    reach = max(1.5 * fwhm, 1.0)
    # Smoothed where it counts, and as far around as the filter of 4 sigma looks.
    half = int(np.ceil(reach) + np.ceil(4 * sigma)) + 3
    y0, x0 = max(round(y) - half, 0), max(round(x) - half, 0)
    window = np.s_[y0 : round(y) + half + 1, x0 : round(x) + half + 1]
    smooth = ndimage.gaussian_filter(np.where(bad[window], 0, light[window]), sigma)
    rows, cols = np.indices(smooth.shape)
    near = np.hypot(rows + y0 - y, cols + x0 - x) <= reach
    if not near.any():
        return x, y
    found = np.unravel_index(np.argmax(np.where(near, smooth, -np.inf)), smooth.shape)
    row, col = int(found[0]) + y0, int(found[1]) + x0
    inside = 0 < row < light.shape[0] - 1 and 0 < col < light.shape[1] - 1
    if not inside:
        return float(col), float(row)
    # Vertex of the parabola through the three pixels of each axis.
    return (
        float(col) + _vertex(smooth[row - y0, col - x0 - 1 : col - x0 + 2]),
        float(row) + _vertex(smooth[row - y0 - 1 : row - y0 + 2, col - x0]),
    )


def _vertex(three: NDArray[np.floating]) -> float:
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _strangers(
    light: NDArray[np.floating],
    table: NDArray[np.void],
    parts: NDArray[np.int32],
    centre: tuple[int, int],
    fwhm: float,
) -> Flags:
    """Pixels of a blend that are not the host's."""
    numbers = [int(n) for n in np.unique(parts) if n > 0]
    strangers = np.zeros(parts.shape, dtype=bool)
    if len(numbers) < 2:
        return strangers
    main = int(parts[centre])
    if main == 0:
        places = np.array([[table["y"][n - 1], table["x"][n - 1]] for n in numbers])
        main = numbers[int(np.argmin(np.hypot(*(places - centre).T)))]
    host = table[main - 1]
    for number in numbers:
        if number == main:
            continue
        part = table[number - 1]
        dx, dy = part["x"] - host["x"], part["y"] - host["y"]
        reach = host["cxx"] * dx**2 + host["cyy"] * dy**2 + host["cxy"] * dx * dy
        alien = reach > _ELLIPSE**2 or part["flux"] > _COMPANION * host["flux"]
        if alien or _is_star(light, parts, number, part, centre, fwhm):
            strangers |= parts == number
    return strangers


def _is_star(
    light: NDArray[np.floating],
    parts: NDArray[np.int32],
    number: int,
    part: np.void,
    centre: tuple[int, int],
    fwhm: float,
) -> bool:
    rows, cols = np.nonzero(parts > 0)
    radius = np.hypot(part["y"] - centre[0], part["x"] - centre[1])
    ring = np.abs(np.hypot(rows - centre[0], cols - centre[1]) - radius) < fwhm
    apart = np.hypot(rows - part["y"], cols - part["x"]) > 1.5 * fwhm
    around = light[rows, cols][ring & apart]
    host = float(np.median(around)) if around.size else 0.0
    if part["peak"] < _STAR_CONTRAST * host:
        return False
    half = int(np.ceil(2 * fwhm))
    row, col = round(float(part["y"])), round(float(part["x"]))
    window = np.s_[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1]
    own = np.where(parts[window] == number, light[window] - host, 0)
    width = adaptive_fwhm_px(own, (col - window[1].start, row - window[0].start))
    return bool(width < _STAR_WIDTH * fwhm)


def axis_ratio_and_angle(light: NDArray[np.floating], host: Host, wcs: WCS) -> tuple[float, float]:
    """Axis ratio and position angle (degrees east of north, 0 to 180) from second moments.

    Moments of the host's pixels above the detection threshold about their centroid, weighted
    by light; not corrected for the PSF. NaN for both without pixels.
    """
    rows, cols = np.nonzero(host.member)
    weights = np.maximum(light[rows, cols], 0).astype(float)
    if weights.size < 5 or weights.sum() <= 0:
        return np.nan, np.nan
    centre = np.array([np.average(cols, weights=weights), np.average(rows, weights=weights)])
    moments = np.cov(np.vstack([cols, rows]), aweights=weights, ddof=0)
    # A pixel's own width, so that a thin source has no negative moment.
    values, vectors = np.linalg.eigh(moments + np.eye(2) / 12)
    major = vectors[:, 1]
    ends = native_to_sky([centre - major, centre + major], wcs)
    turn = (ends[1, 0] - ends[0, 0] + 180) % 360 - 180  # across right ascension 0
    east = turn * np.cos(np.radians(ends[:, 1].mean()))
    north = ends[1, 1] - ends[0, 1]
    angle = float(np.degrees(np.arctan2(east, north))) % 180.0
    return float(np.sqrt(values[0] / values[1])), angle
