"""The PSF of a frame from its own stars, where nothing else tells it."""

import warnings
from dataclasses import dataclass

import numpy as np
import sep
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import ArrayLike, NDArray
from photutils.psf import EPSFBuilder, EPSFStar, EPSFStars
from scipy import ndimage
from scipy.spatial import cKDTree

from clumpscope.core.field import Frame
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.psf import adaptive_covariance, adaptive_moments, normalised
from clumpscope.ops.sources import extract
from clumpscope.ops.stars.star_psf import MomentsOfFrame, StarPsf

_DETECT = 5.0  # sigma a pixel
_CLEAR_SHARE = 0.05  # of a star's flux that may come from neighbours
_BRIGHTEST = 400
_MIN_SNR = 25.0
_MIN_STARS = 3
_MOST_STARS = 80
_LOCUS_STEPS = 8
_UNLIKE = 0.15  # of the peak; changes of the PSF over a frame come to 0.1
_USUAL_FWHM_PX = 3.2  # for which `Reach` is made as it is
_LEAST, _MOST = 0.6, 6.0  # times that


@dataclass(frozen=True)
class Reach:
    """How far around a star one looks, pixels.

    Attributes
    ----------
    side
        Of the effective PSF: 16 arcsec in SDSS, beyond which its stars are too faint to tell.
    fit
        Side of the square that places and scales a star.
    stamp
        Half side for moments.
    clear
        No neighbour is nearer than this, of more than a twentieth of the star's flux.
    core
        Half side of the square around a star's centre that is compared with the other stars'.
    """

    side: int = 41
    fit: int = 9
    stamp: int = 15
    clear: float = 16.0
    core: int = 5

    @classmethod
    def of(cls, fwhm_px: float) -> "Reach":
        """For a PSF of about this width; 41 px a side for 3.2 px."""
        share = float(np.clip(fwhm_px / _USUAL_FWHM_PX, _LEAST, _MOST))
        half, fit, stamp, core = (round(length * share) for length in (20, 4, 15, 5))
        return cls(2 * half + 1, 2 * max(fit, 2) + 1, stamp, 16.0 * share, max(core, 3))


_REACH = Reach()


@dataclass(frozen=True, eq=False)
class _Stars:
    """Candidates: centre, flux and FWHM of each, (N,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]
    fwhm: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, chosen: NDArray[np.generic]) -> "_Stars":
        return _Stars(self.x[chosen], self.y[chosen], self.flux[chosen], self.fwhm[chosen])


def psf_from_stars(
    frame: Frame,
    mask: NDArray[np.uint8] | None = None,
    *,
    brightest: ArrayLike = np.inf,
    reach: Reach = _REACH,
) -> StarPsf:
    """Measure the PSF of a frame on its unsaturated, isolated point sources.

    Stars are the sources on the stellar locus: among bright sources, sizes pile up at the
    PSF's, and nothing real is smaller. The locus is found as the densest half of the sizes,
    repeatedly halved (half-sample mode), and clipped at 3 sigma. Of these, stars unlike the
    median of all are left out: SDSS's pipeline has taken cores of sharp stars for cosmic rays
    and interpolated over rows of them (in 8162-6-80 i, most of the bright ones).

    Parameters
    ----------
    mask
        (ny, nx) of `MaskBit`: sources with a set bit in their core are left out.
    brightest
        Peak from which stars may be saturated, nanomaggy a pixel: a number, or (nx,) of columns.
    reach
        How far around a star one looks; see `Reach.of`.

    Raises
    ------
    FrameError
        If fewer than three stars are found.
    """
    bad = None if mask is None else mask > 0
    candidates = _candidates(frame, bad, np.asarray(brightest, dtype=float), reach)
    stars = _locus(candidates)
    if len(stars) < _MIN_STARS:
        raise FrameError(
            expected_got(
                f"{frame.path}: PSF from stars",
                f"at least {_MIN_STARS} isolated stars",
                f"{len(stars)} among {len(candidates)} candidates",
            )
        )
    whole = stars[_whole(frame, stars, reach)]
    stars = whole if len(whole) >= _MIN_STARS else stars
    data = np.nan_to_num(frame.data)
    places = zip(stars.x, stars.y, strict=True)
    moments = [adaptive_covariance(*_stamp(data, x, y, reach.stamp)) for x, y in places]
    shape = frame.data.shape[0], frame.data.shape[1]
    # Faint stars scatter, and nothing is gained by them.
    kept = stars[np.argsort(-stars.flux)[:_MOST_STARS]]
    return StarPsf(
        _effective_psf(frame, kept, reach),
        MomentsOfFrame.fit(stars.y, stars.x, moments, shape),
        len(kept),
    )


def rough_width(frame: Frame) -> float:
    """About the FWHM of what is most frequent among a frame's bright sources, pixels, for `Reach`.

    NaN where there is nothing.
    """
    sources, _ = extract(*_light(frame), _DETECT, contrast=0.001)
    whole = sources[(sources["flag"] == 0) & (sources["flux"] > 0) & (sources["peak"] > 0)]
    brightest = whole[np.argsort(-whole["flux"])[:_BRIGHTEST]]
    if not len(brightest):
        return float("nan")
    # A Gaussian's light is 1.133 FWHM^2 times its peak; wings make this too large by a sixth.
    areas = np.log(brightest["flux"] / brightest["peak"] / 1.133)
    return float(np.exp(_half_sample_mode(np.sort(areas)) / 2))


def _light(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels less the sky that is left in them, and their noise."""
    data = np.ascontiguousarray(np.nan_to_num(frame.data))
    return data - sep.Background(data, bw=128, bh=128).back(), _noise(frame)


def _candidates(
    frame: Frame, bad: NDArray[np.bool_] | None, brightest: NDArray[np.float64], reach: Reach
) -> _Stars:
    light, noise = _light(frame)
    data = np.nan_to_num(frame.data)
    sources, _ = extract(light, noise, _DETECT, contrast=0.001)
    ny, nx = data.shape
    x, y, flux = sources["x"], sources["y"], sources["flux"]
    cols, rows = (np.clip(np.round(at).astype(int), 0, n - 1) for at, n in ((x, nx), (y, ny)))
    unsaturated = sources["peak"] < np.broadcast_to(brightest, (nx,))[cols]
    inside = np.minimum.reduce([x, nx - 1 - x, y, ny - 1 - y]) > reach.side // 2 + 1
    if bad is not None:
        inside &= ~ndimage.maximum_filter(bad, 2 * reach.core + 1)[rows, cols]
    usable = np.flatnonzero(inside & unsaturated & (sources["flag"] == 0) & (flux > 0))
    usable = usable[np.argsort(-flux[usable])][:_BRIGHTEST]
    if not usable.size:
        none = np.empty(0)
        return _Stars(none, none, none, none)
    tree = cKDTree(np.column_stack([x, y]))
    measured = []
    for index in usable:
        near = tree.query_ball_point((x[index], y[index]), reach.clear)
        if flux[near].sum() > (1 + _CLEAR_SHARE) * flux[index]:
            continue
        measured.append(_measure(data, noise, float(x[index]), float(y[index]), reach))
    found = np.array(measured).reshape(-1, 4)
    return _Stars(*found[np.isfinite(found).all(axis=1)].T)


def _noise(frame: Frame) -> NDArray[np.float32]:
    """Standard deviation of each pixel; infinite where it is not known."""
    known = np.isfinite(frame.variance) & (frame.variance > 0)
    return np.sqrt(np.where(known, frame.variance, np.float32(np.inf)))


def _measure(
    data: NDArray[np.float32], noise: NDArray[np.float32], x: float, y: float, reach: Reach
) -> tuple[float, float, float, float]:
    """Centre, flux and FWHM of a source; NaN if it is too faint or not measurable."""
    stamp, (near_x, near_y) = _stamp(data, x, y, reach.stamp)
    fwhm, cx, cy, flux = adaptive_moments(stamp, (near_x, near_y))
    blank = float(np.median(noise[_window(x, y, reach.stamp)]))
    snr = flux / (blank * 1.5 * fwhm) if fwhm > 0 else 0.0  # noise-equivalent area ~ 2.3 FWHM^2
    moved = np.hypot(cx - near_x, cy - near_y) > 1.5
    if not snr > _MIN_SNR or moved:
        return (np.nan,) * 4
    return cx + x - near_x, cy + y - near_y, flux, fwhm


def _window(x: float, y: float, half: int) -> tuple[slice, slice]:
    """Pixels of the stamp around a source."""
    row, col = round(y), round(x)
    return np.s_[row - half : row + half + 1, col - half : col + half + 1]


def _stamp(
    data: NDArray[np.float32], x: float, y: float, half: int
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Stamp around a source less the median of its rim, and the source's place in it."""
    stamp = data[_window(x, y, half)]
    rim = np.concatenate([stamp[[0, -1]].ravel(), stamp[:, [0, -1]].ravel()])
    return stamp - np.median(rim), (x - round(x) + half, y - round(y) + half)


def _locus(candidates: _Stars) -> _Stars:
    """Sources on the stellar locus."""
    if len(candidates.x) < _MIN_STARS:
        return candidates[np.zeros(len(candidates.x), dtype=bool)]
    sizes = np.log(candidates.fwhm)
    bright = np.argsort(-candidates.flux)[: max(20, len(sizes) // 2)]
    centre = _half_sample_mode(np.sort(sizes[bright]))
    width = 0.08
    chosen = np.abs(sizes - centre) < width
    for _ in range(_LOCUS_STEPS):
        kept = sizes[chosen]
        if len(kept) < _MIN_STARS:
            break
        centre = float(np.median(kept))
        width = float(np.clip(3 * 1.4826 * np.median(np.abs(kept - centre)), 0.02, 0.1))
        chosen = np.abs(sizes - centre) < width
    return candidates[chosen]


def _half_sample_mode(values: NDArray[np.float64]) -> float:
    """Mode of sorted ``values``: the densest half, again and again (Robertson & Cryer 1974)."""
    while len(values) > 3:
        half = (len(values) + 1) // 2
        spans = values[half - 1 :] - values[: len(values) - half + 1]
        start = int(np.argmin(spans))
        values = values[start : start + half]
    return float(np.median(values))


def _whole(frame: Frame, stars: _Stars, reach: Reach) -> NDArray[np.bool_]:
    """Stars whose core is the median star's to 15 % of its peak, and to 3 sigma of noise."""
    half = reach.core + 3  # px that the spline needs beyond the core
    noise = _noise(frame)
    cores, noises = [], []
    for x, y, flux in zip(stars.x, stars.y, stars.flux, strict=True):
        row, col = round(y), round(x)
        core = np.s_[row - half : row + half + 1, col - half : col + half + 1]
        stamp = np.nan_to_num(frame.data[core]).astype(float) / flux
        cores.append(ndimage.shift(stamp, (row - y, col - x), order=3)[3:-3, 3:-3])
        noises.append(noise[row, col] / flux)
    middle = np.median(cores, axis=0)
    off = np.abs(cores - middle).max(axis=(1, 2))
    return np.asarray(off < _UNLIKE * middle.max() + 3 * np.array(noises))


def _effective_psf(frame: Frame, stars: _Stars, reach: Reach) -> NDArray[np.float32]:
    """Effective PSF of some stars (Anderson & King 2000), sampled once a pixel.

    Outliers among the stars, which are neighbours, are clipped; outer parts are smoothed.
    """
    data = np.nan_to_num(frame.data).astype(float)
    half = reach.side // 2
    cutouts = []
    for number, (x, y) in enumerate(zip(stars.x, stars.y, strict=True), start=1):
        x0, y0 = round(x) - half, round(y) - half
        stamp = data[y0 : y0 + reach.side, x0 : x0 + reach.side]
        cutouts.append(
            EPSFStar(
                stamp - _rim(stamp),
                cutout_center=(x - x0, y - y0),
                origin=(x0, y0),
                id_label=number,  # photutils 3.0 fails on leaving out a star without one
            )
        )
    build = EPSFBuilder(
        oversampling=1, smoothing_kernel=None, fit_shape=reach.fit, maxiters=4, progress_bar=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)  # of stars that it leaves out
        model, _ = build(EPSFStars(cutouts))
    image = np.asarray(model.data, dtype=float)
    return normalised(_without_noise(image - _rim(image), reach))


def _rim(image: NDArray[np.float64]) -> float:
    """Median light on the outermost ring of a square image."""
    half = image.shape[0] // 2
    rows, cols = np.mgrid[-half : half + 1, -half : half + 1]
    return float(np.median(image[np.hypot(rows, cols) > half - 1.5]))


def _without_noise(image: NDArray[np.float64], reach: Reach) -> NDArray[np.float64]:
    """Outer parts replaced by their ring means, where noise would outweigh the PSF's shape."""
    half = image.shape[0] // 2
    rows, cols = np.mgrid[-half : half + 1, -half : half + 1]
    radius = np.hypot(rows, cols)
    ring = np.round(radius).astype(int)
    counts = np.bincount(ring.ravel())
    means = np.maximum(np.bincount(ring.ravel(), image.ravel()) / counts, 0)
    smooth = np.interp(radius, np.arange(len(means)), means)
    # From the star's own image to its rings.
    blend = np.clip((radius - reach.clear / 2) / (reach.clear / 4), 0, 1)
    out: NDArray[np.float64] = (1 - blend) * image + blend * smooth
    out *= radius <= half
    return out
