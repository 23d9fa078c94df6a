"""PSF images as archives give them, made ready: centred, on the pixel grid, of sum 1.

An image is shifted and brought to the grid by a Lanczos kernel of eight lobes, which keeps the
width of a PSF of 2.5 px or more to 0.1 %, of 2 px to 1 %. Of a finely sampled image either the
light that falls into each pixel is summed (through its cumulative sum: no flux is lost), or, where
it holds the detector's pixel already, as PSFEx's do, the values at the pixels' centres are taken.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.psf import adaptive_moments, normalised

Values = NDArray[np.float64]

MOST_OVERSAMPLED = 100.0  # samples a pixel
_LOBES = 8
_NARROW_PX = 2.2  # below this adaptive moments are too small, or do not converge ...
_FINER = 3  # ... but on a finer grid
_STEPS = 4  # of centring, at most ...
_CENTRED_PX = 0.005  # ... until it is so good
_NARROWEST_PX = 0.5
_WIDEST = 0.5  # of the side: beyond that most of its wings are cut off
_ONE_PIXEL = 0.9  # of the light in one pixel: no telescope's
_REMEDY = "mend it or leave it out: a width alone will do"


def prepared_psf(
    image: ArrayLike, where: object, oversampling: float = 1.0, *, effective: bool = False
) -> NDArray[np.float32]:
    """A PSF image as `core.galaxy.BandImage` wants it: (k, k) float32, k odd, centred, sum 1.

    Its centre is the centroid of its adaptive moments, which becomes the middle pixel's; k is
    what the longer side spans in whole pixels. Negative wings stay.

    Parameters
    ----------
    image
        (ny, nx), sides even or odd, of any positive sum.
    where
        What to call it in messages.
    oversampling
        Samples of the image along a pixel of the grid; below 1 for coarser ones.
    effective
        Whether the detector's pixel is in a finely sampled image already (PSFEx's, ePSFs, the
        grids of STPSF), so that it is read off at the pixels' centres; else its samples are
        summed over each pixel (OVERSAMP and OVERDIST of STPSF). All the same at 1.

    Raises
    ------
    ImageError
        If it is no plane of finite numbers with a positive sum, its moments do not converge, it
        is narrower than half a pixel, has all its light in one, or is wider than half the image; or
        the oversampling is not from 0 to 100.
    """
    pixels = np.asarray(image, dtype=float)
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise _refused(where, "a plane of pixels", f"shape {pixels.shape}")
    if not (np.isfinite(oversampling) and 0 < oversampling <= MOST_OVERSAMPLED):
        expected = f"oversampling above 0, at most {MOST_OVERSAMPLED:g}"
        raise _refused(where, expected, oversampling)
    if not np.isfinite(pixels).all():
        raise _refused(where, "finite pixels", f"{np.count_nonzero(~np.isfinite(pixels))} not")
    total = float(pixels.sum())
    if not (np.isfinite(total) and total > 0):
        raise _refused(where, "a positive sum", total)
    if pixels.max() > _ONE_PIXEL * total:
        raise _refused(where, "light in several pixels", "all of it in one")
    half = int((max(pixels.shape) / oversampling - 1) / 2)
    _, x, y = _moments(pixels, where)
    for _ in range(_STEPS):
        weights = [
            _weights(n, middle, oversampling, half, effective=effective)
            for n, middle in zip(pixels.shape, (y, x), strict=True)
        ]
        found = weights[0] @ pixels @ weights[1].T
        if not found.sum() > 0:
            raise _refused(where, "a positive sum around its centre", float(found.sum()))
        fwhm, new_x, new_y = _moments(found, where)
        off = (new_x - half, new_y - half)
        if max(map(abs, off)) < _CENTRED_PX:
            break
        x, y = x + off[0] * oversampling, y + off[1] * oversampling
    if not _NARROWEST_PX <= fwhm <= _WIDEST * len(found):
        expected = f"a FWHM from {_NARROWEST_PX:g} px to half of its side, {len(found)} px"
        raise _refused(where, expected, f"{fwhm:.3g} px")
    return normalised(found)


def psf_moments(image: ArrayLike) -> tuple[float, float, float]:
    """Adaptive moments of a PSF image: (FWHM, x, y), pixels, 0-based; NaN where there are none.

    Unlike those of `ops.psf.adaptive_moments` they are right for images narrower than 2.2 px as
    well, drawn on a finer grid; the width is still that of the image, pixel included.
    """
    pixels = np.asarray(image, dtype=float)
    fwhm, x, y, _ = adaptive_moments(pixels)
    if fwhm >= _NARROW_PX:
        return fwhm, x, y
    finer = [
        _lanczos(np.arange(_FINER * n)[:, None] / _FINER - np.arange(n, dtype=float))
        for n in pixels.shape
    ]
    drawn = finer[0] @ pixels @ finer[1].T
    row, col = np.unravel_index(int(np.argmax(drawn)), drawn.shape)
    fwhm, x, y, _ = adaptive_moments(drawn, (float(col), float(row)))
    return fwhm / _FINER, x / _FINER, y / _FINER


def _moments(pixels: Values, where: object) -> tuple[float, float, float]:
    fwhm, x, y = psf_moments(pixels)
    ny, nx = pixels.shape
    if not (fwhm > 0 and 0 <= x <= nx - 1 and 0 <= y <= ny - 1):
        raise _refused(where, "one peak with a width", "adaptive moments that do not converge")
    return fwhm, x, y


def _weights(n: int, middle: float, step: float, half: int, *, effective: bool) -> Values:
    """(2 half + 1, n) weights from n samples to pixels ``step`` samples wide around ``middle``."""
    pixels = np.arange(-half, half + 1)
    if effective:
        return _lanczos((middle + step * pixels)[:, None] - np.arange(n, dtype=float))
    # The light left of a place is known at the samples' edges, 0 and all of it beyond the image.
    edges = np.arange(-_LOBES, n + _LOBES + 1) - 0.5
    places = middle + step * (np.arange(-half, half + 2) - 0.5)
    inside = np.clip(places, edges[_LOBES], edges[-1 - _LOBES])
    left_of = np.tri(len(edges), n, -1 - _LOBES)
    weights: Values = np.diff(_lanczos(inside[:, None] - edges) @ left_of, axis=0)
    return weights


def _lanczos(distance: Values) -> Values:
    """Lanczos kernel of samples' distances, a row an output, of sum 1 over an endless grid."""

    def kernel(x: Values) -> Values:
        return np.where(np.abs(x) < _LOBES, np.sinc(x) * np.sinc(x / _LOBES), 0.0)

    first = distance[:, :1]
    whole = kernel(first - np.round(first) + np.arange(-_LOBES, _LOBES + 1))
    weights: Values = kernel(distance) / whole.sum(axis=1, keepdims=True)
    return weights


def _refused(where: object, expected: object, got: object) -> ImageError:
    return ImageError(expected_got(where, expected, got, _REMEDY))
