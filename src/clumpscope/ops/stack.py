"""What a detector of the family ``psf`` sees: bands at its scale, over their sky noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from clumpscope.config.run import RefineConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.frames import PixelFrame
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import psf_fwhm_px, reference_band
from clumpscope.ops.outline import Mask, galaxy_outline

Planes = NDArray[np.float32]

_TONE = 0.25
_AS_SKY = np.float32(20)  # light over the sky's noise that is as noisy as the sky, about
_OUTLINING = RefineConfig()
_ROUNDING = 1e-6  # a side that is whole but for it


@dataclass(frozen=True, eq=False)
class BandStack:
    """The bands of a galaxy on pixels of a fixed share of its PSF-FWHM.

    Attributes
    ----------
    galaxy_id
        Whose it is.
    light
        (C, H, W) float32: flux a pixel over the sky's noise there, as white noise has it; NaN where
        a band is missing, masked or off the image. Rows as stored in the native image.
    noise
        (C,) float32 ln of the bands' noise over the reference band's; NaN where one is missing.
    config
        The recipe that made it.
    frame
        Its place on the native image.
    outline
        (ny, nx) the host's outline on the native image, nowhere True if no host was found.
    """

    galaxy_id: str
    light: Planes
    noise: NDArray[np.float32]
    config: StackConfig
    frame: PixelFrame
    outline: Mask

    @property
    def pixels(self) -> Planes:
        """(3 C, H, W) float32 as the network takes them; see `encoded`."""
        return encoded(self.light, self.noise, self.config)

    def outline_by(self, config: RefineConfig) -> Mask | None:
        """The host's outline, if these settings find that which the stack was cut out by."""
        return self.outline if config.outlines_as(_OUTLINING) else None


def band_stack(image: GalaxyImage, config: StackConfig) -> BandStack:
    """Put a galaxy's bands on pixels of the PSF's scale, each over its own sky noise.

    Noise, seeing and pixel scale of a survey thus leave the problem: a point source of a given
    signal-to-noise looks the same in all. What is cut out is the bounding box of the host's
    outline and a rim.

    Raises
    ------
    ImageError
        If the image has no WCS, or none of the bands with data and noise.
    """
    fwhm = psf_fwhm_px(image)
    outline = galaxy_outline(image, _OUTLINING)
    window = _window(outline, config.margin_fwhm * fwhm)
    (x0, x1), (y0, y1) = window
    scale = min(config.fwhm_px / fwhm, config.longest_px / max(x1 - x0, y1 - y0))
    width, height = (max(1, int((high - low) * scale + _ROUNDING)) for low, high in window)
    # The frame keeps square pixels: what does not fill one is left out, evenly.
    left = max(0.0, (x0 + x1 - width / scale) / 2)
    top = max(0.0, (y0 + y1 - height / scale) / 2)
    box = (left, top, min(x1, left + width / scale), min(y1, top + height / scale))
    light = np.full((len(config.bands), height, width), np.nan, dtype=np.float32)
    tones = np.full(len(config.bands), np.nan, dtype=np.float32)
    reference = image[reference_band(image)].noise
    for k, band in enumerate(config.bands):
        if band not in image.bands:
            continue
        sigma = image[band].noise
        if not sigma > 0:
            continue
        plane = image[band]
        good = plane.good & np.isfinite(plane.data)
        data = np.where(good, plane.data, 0) / np.float32(sigma * scale)
        light[k] = _resized(data.astype(np.float32), (width, height), box)
        if not good.all():
            light[k][_resized(good.astype(np.float32), (width, height), box) < 1 / 2] = np.nan
        tones[k] = np.log(sigma / reference) if reference > 0 else 0
    if np.isnan(light).all():
        raise ImageError(
            expected_got(
                f"{image.galaxy_id} bands",
                f"at least one of {' '.join(config.bands)} with data and noise",
                " ".join(image.bands),
            )
        )
    frame = PixelFrame(image.shape, scale, left * scale, top * scale, max(width, height))
    return BandStack(image.galaxy_id, light, tones, config, frame, outline)


def encoded(light: Planes, tones: NDArray[np.float32], config: StackConfig) -> Planes:
    """(3 C, H, W): light, its details, and where each band is seen and how deep.

    Light and details are compressed, 0 where unseen. The last third is 0 where a pixel is not
    seen, else 1 + 0.25 ln(noise over the geometric mean of all), by which it can tell colours.
    """
    seen = np.isfinite(light)
    filled = np.where(seen, light, np.float32(0))
    depth = np.nan_to_num(1 + np.float32(_TONE) * (tones - np.nanmean(tones)))[:, None, None]
    details = _details(filled, seen, 2 * config.fwhm_px)
    planes: Planes = np.concatenate(
        [
            *(np.arcsinh(x) / np.float32(config.compression) for x in (filled, details)),
            seen * depth,
        ],
        dtype=np.float32,
    )
    return planes


def _details(light: Planes, seen: NDArray[np.bool_], side: float) -> Planes:
    """What rises above the mean of a square about it, over the noise of the light there.

    asinh makes a knot on a bright disk fainter than the noise of the sky; here it stands out by
    its own signal-to-noise.
    """
    size = (0, 2 * round(side / 2) + 1, 2 * round(side / 2) + 1)
    mean = uniform_filter(light, size, mode="constant")
    share = uniform_filter(seen.astype(np.float32), size, mode="constant")
    mean /= np.maximum(share, np.float32(1e-3))
    details: Planes = seen * (light - mean) / np.sqrt(1 + np.maximum(mean, 0) / _AS_SKY)
    return details


def _window(outline: Mask, margin: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Native columns and rows (edges) that hold the host and its rim."""
    ny, nx = outline.shape
    if not outline.any():
        return (0, nx), (0, ny)
    edges = []
    for axis, size in ((0, nx), (1, ny)):
        at = np.flatnonzero(outline.any(axis=axis))
        edges.append((max(0, int(at[0] - margin)), min(size, int(at[-1] + 1 + margin))))
    return edges[0], edges[1]


def _resized(
    plane: Planes, size: tuple[int, int], box: tuple[float, float, float, float]
) -> Planes:
    """A window of a plane on another grid: cubic, and averaged where pixels become larger."""
    resized: Planes = np.asarray(
        Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, box=box)
    )
    return resized
