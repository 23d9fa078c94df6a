"""Outline of the host: the pixels that its light covers (Popp et al. 2024, section 4.3)."""

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.config.run import CompositeConfig, RefineConfig
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage, MaskBit
from clumpscope.ops.background import sky
from clumpscope.ops.host import host_centre, psf_fwhm_px, reference_band
from clumpscope.ops.unstretched import unstretched

Mask = NDArray[np.bool_]

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)
# The host's centre may fall on a hole of its segment: search so many PSF-FWHM around it.
_CENTRE_TOLERANCE_FWHM = 2.0
_FEW = 16  # px by which a mask is grown step by step; farther a distance transform is faster


def outline_of(image: AnyImage, config: RefineConfig) -> Mask:
    """Host outline, (ny, nx); of a picture, that of the bands that its stretch hides.

    Raises
    ------
    ImageError
        If a `GalaxyImage` has no WCS.
    """
    if isinstance(image, ColourImage):
        image = unstretched(image, CompositeConfig())
    return galaxy_outline(image, config)


def galaxy_outline(image: GalaxyImage, config: RefineConfig, *, starlight: bool = False) -> Mask:
    """Host outline of a galaxy in its reference band; see `host_outline`.

    Masked stars are left out, and filled in where the host is all around them. With
    ``starlight`` they count as light of the host if they touch it.

    Raises
    ------
    ImageError
        If the image has no WCS.
    """
    band = reference_band(image)
    plane = image[band]
    good = (plane.mask & MaskBit.NO_DATA == 0) & np.isfinite(plane.data)
    star = np.zeros_like(good) if starlight else (plane.mask & MaskBit.STAR) > 0
    fwhm = psf_fwhm_px(image, band)
    centre, shared = host_centre(image), plane.noise_assumed
    outline = host_outline(plane.data, good & ~star, fwhm, centre, config, noise_shared=shared)
    if star.any() and outline.any():
        outline |= star & ndimage.binary_fill_holes(outline)
    return outline


def host_outline(
    data: NDArray[np.floating],
    good: Mask,
    fwhm_px: float,
    centre: NDArray[np.float64],
    config: RefineConfig,
    *,
    noise_shared: bool = False,
) -> Mask:
    """Segment of the host's light.

    The sky-subtracted image is smoothed by a Gaussian of the PSF-FWHM and cut at
    ``config.outline_sigma`` times the rms of the *unsmoothed* sky; the segment under
    ``centre`` (or the nearest one within two FWHM), if it is large enough, is grown by
    ``config.outline_grow_fwhm``.

    Parameters
    ----------
    data
        (ny, nx), any flux unit.
    good
        (ny, nx) True where a pixel counts; others are neither smoothed over nor outlined.
    fwhm_px
        PSF-FWHM, pixels.
    centre
        (2,) x, y of the host, pixels.
    noise_shared
        Whether neighbours may share their noise, as in enlarged pictures: the cut then is as many
        rms of the *smoothed* sky as it is where they do not.

    Returns
    -------
    (ny, nx) True inside; nowhere True if no host is found.
    """
    nothing = np.zeros(data.shape, dtype=bool)
    level, rms = sky(data, good)
    if not rms > 0:
        return nothing
    kernel = _kernel(fwhm_px / gaussian_sigma_to_fwhm, config.outline_kernel_px)
    smooth = _smooth(data - level, good, kernel)
    cut = config.outline_sigma * rms
    if noise_shared:
        rim = good & _rim(data.shape)
        share = sky(smooth, rim).rms / (sky(data, rim).rms or np.nan)  # NaN: not known
        cut *= max(1.0, share / float((kernel**2).sum()))
    segments, _ = ndimage.label(good & (smooth > cut), _EIGHT_NEIGHBOURS)
    sizes = np.bincount(segments.ravel())
    segments = np.where(sizes >= config.outline_min_pixels, np.arange(len(sizes)), 0)[segments]
    number = _nearest_segment(segments, centre, _CENTRE_TOLERANCE_FWHM * fwhm_px)
    if not number:
        return nothing
    return grown(segments == number, config.outline_grow_fwhm * fwhm_px)


def _rim(shape: tuple[int, ...]) -> Mask:
    """True in the outer eighth on each side, where there is hardly any light of the host."""
    rim = np.ones(shape, dtype=bool)
    rim[tuple(slice(size // 8, size - size // 8) for size in shape)] = False
    return rim


def _kernel(sigma: float, size: int) -> NDArray[np.float64]:
    offsets = np.arange(size) - (size - 1) / 2
    kernel: NDArray[np.float64] = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    return kernel


def _smooth(
    data: NDArray[np.floating], good: Mask, kernel: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Convolve with a kernel on either axis, bad pixels weighing nothing."""

    def convolve(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        for axis in (0, 1):
            plane = ndimage.convolve1d(plane, kernel, axis=axis, mode="nearest")
        return plane

    smooth = convolve(np.where(good, data, 0.0).astype(float))
    if good.all():
        return smooth
    weight = convolve(good.astype(float))
    return np.divide(smooth, weight, out=np.zeros_like(smooth), where=weight > 0)


def _nearest_segment(
    segments: NDArray[np.integer], centre: NDArray[np.float64], reach: float
) -> int:
    """Find the segment with the pixel nearest to ``centre``; 0 if none within ``reach``."""
    reach = max(reach, 1.0)
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.maximum(np.ceil(centre + reach) + 1, 0).astype(int)
    y, x = np.nonzero(segments[low[1] : high[1], low[0] : high[0]])
    y, x = y + low[1], x + low[0]
    distance = np.hypot(x - centre[0], y - centre[1])
    if not distance.size or distance.min() > reach:
        return 0
    nearest = int(np.argmin(distance))
    return int(segments[y[nearest], x[nearest]])


def bounding(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the least box around a mask that is somewhere True."""
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def grown(mask: Mask, radius: float) -> Mask:
    """All pixels within ``radius`` px of a mask that is somewhere True."""
    pad = int(np.ceil(radius))
    # Distances are needed near the segment only.
    window = tuple(slice(max(at.start - pad, 0), at.stop + pad) for at in bounding(mask))
    result = np.zeros_like(mask)
    if pad > _FEW:
        result[window] = ndimage.distance_transform_edt(~mask[window]) <= radius
        return result
    near, base = result[window], mask[window]
    rows, columns = base.shape
    steps = np.arange(pad + 1)
    reaches = np.count_nonzero(np.hypot(steps, steps[:, None]) <= radius, axis=1) - 1
    tall, height = np.zeros_like(base), 0  # the mask grown by fewer rows than ``height``
    for aside, reach in zip(range(pad, -1, -1), reaches[::-1].tolist(), strict=True):
        for row in range(height, reach + 1):
            left = max(rows - row, 0)
            tall[row:] |= base[:left]
            tall[:left] |= base[row:]
        height = reach + 1
        left = max(columns - aside, 0)
        near[:, aside:] |= tall[:, :left]
        near[:, :left] |= tall[:, aside:]
    return result


def inside(outline: Mask, xy: NDArray[np.float64]) -> Mask:
    """(N,) True where the pixel under a position (N, 2) is in the outline; False off the image."""
    ny, nx = outline.shape
    x, y = np.floor(xy + 0.5).astype(int).T
    on = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
    result = np.zeros(len(xy), dtype=bool)
    result[on] = outline[y[on], x[on]]
    return result
