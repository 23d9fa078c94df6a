"""What a detector sees: a colour composite and its frame back to the native pixels."""

from dataclasses import dataclass

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray

from clumpscope.config.run import CompositeConfig
from clumpscope.core.frames import PixelFrame
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage
from clumpscope.errors import ImageError, expected_got

SDSS_PIXEL_ARCSEC = 0.396  # for whose light the stretch is made
_ALIKE = 0.02  # pixels that differ by less are of one size

_NO_LIGHT = "the part that is searched, the middle of the image, must hold the galaxy"


@dataclass(frozen=True, eq=False)
class Composite:
    """A colour composite.

    Attributes
    ----------
    galaxy_id
        Whose it is.
    pixels
        (C, size, size) float32 in [0, 1]; rows as stored in the native image.
    config
        The recipe that made it.
    frame
        Its place on the native image.
    """

    galaxy_id: str
    pixels: NDArray[np.float32]
    config: CompositeConfig
    frame: PixelFrame

    def __post_init__(self) -> None:
        expected = (3, self.frame.size, self.frame.size)
        if self.pixels.shape != expected:
            raise ImageError(expected_got(self.galaxy_id, f"shape {expected}", self.pixels.shape))


def brightness_factor(image: GalaxyImage) -> float:
    """What makes a pixel as bright as one of SDSS's would be; 1 for those, or without a WCS."""
    if image.wcs is None:
        return 1.0
    ratio = SDSS_PIXEL_ARCSEC / image.pixscale_arcsec
    return 1.0 if abs(ratio - 1) < _ALIKE else ratio**2


def composite(image: AnyImage, config: CompositeConfig) -> Composite:
    """Make the composite of an image.

    Bands are combined after Lupton et al. 2004 with the published stretch, enlarged by the
    nearest neighbour to ``config.size`` px and cropped to the central ``config.crop`` px
    (Popp et al. 2024, Appendix A). A `ColourImage` is only enlarged and cropped.

    Raises
    ------
    ImageError
        If a band is missing, or holds no finite or no varying pixel.
    """
    frame = PixelFrame.centred(image.shape, config.size, config.crop)
    rows, cols = frame.sample_indices()
    # Only the native rows and columns that the crop shows are stretched.
    inside_rows, inside_cols = rows[rows >= 0], cols[cols >= 0]
    row_range = slice(inside_rows.min(), inside_rows.max() + 1)
    col_range = slice(inside_cols.min(), inside_cols.max() + 1)
    if isinstance(image, ColourImage):
        rgb = image.pixels[row_range, col_range]
    else:
        rgb = colour(image, config, row_range, col_range)
    pixels = np.zeros((3, config.crop, config.crop), dtype=np.float32)
    shown_rows, shown_cols = np.ix_(rows >= 0, cols >= 0)
    index = np.ix_(inside_rows - row_range.start, inside_cols - col_range.start)
    pixels[:, shown_rows, shown_cols] = np.moveaxis(rgb[index], -1, 0)
    return Composite(image.galaxy_id, pixels, config, frame)


def colour(
    image: GalaxyImage,
    config: CompositeConfig,
    rows: slice = slice(None),
    cols: slice = slice(None),
) -> NDArray[np.float32]:
    """Lupton composite of native pixels, (ny, nx, 3) float32 in [0, 1].

    Raises
    ------
    ImageError
        If a band is missing, or holds no finite or no varying pixel.
    """
    missing = [band for band in config.bands if band not in image.bands]
    if missing:
        raise ImageError(
            expected_got(
                f"{image.galaxy_id} composite",
                f"bands {' '.join(config.bands)}",
                " ".join(image.bands),
                f"add {' '.join(missing)} to the image, or choose a model with bands under "
                "[composite] that it has",
            )
        )
    planes = []
    for band, scale in zip(config.bands, config.scales, strict=True):
        data = image[band].data[rows, cols]
        finite = np.isfinite(data)
        if not finite.any():
            raise ImageError(
                expected_got(
                    f"{image.galaxy_id} band {band}", "finite pixels", "only NaN", _NO_LIGHT
                )
            )
        plane = np.where(finite, data, 0.0)
        if np.ptp(plane) == 0:
            raise ImageError(
                expected_got(f"{image.galaxy_id} band {band}", "an image", "a constant", _NO_LIGHT)
            )
        planes.append(scale * plane)
    with np.errstate(divide="ignore", invalid="ignore"):  # astropy divides, then takes 0 instead
        rgb = make_lupton_rgb(
            *planes,
            minimum=config.minimum,
            stretch=config.stretch,
            Q=config.softening,
            output_dtype=float,
        )
    return np.asarray(rgb, dtype=np.float32)
