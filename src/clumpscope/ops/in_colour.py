"""How people are shown a galaxy in colour, whatever bands it has."""

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.run import CompositeConfig
from clumpscope.core.bands import in_order
from clumpscope.core.composite import brightness_factor, colour
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage

_SKY = 0.03  # nmgy, of a pixel of SDSS in r, times its scale: what the stretch was made for


def in_colour(image: AnyImage, config: CompositeConfig) -> NDArray[np.float32]:
    """(ny, nx, 3) in [0, 1], rows as stored: the composite, or that of the bands that there are.

    Of smaller or larger pixels than SDSS's the surface brightness is shown as SDSS's would be. An
    image without the composite's bands is shown in its reddest, middle and bluest one, each
    with a factor that brings its sky's noise to that of SDSS.

    Raises
    ------
    ImageError
        If one of the bands shows nothing.
    """
    if isinstance(image, ColourImage):
        return image.pixels
    return colour(image, shown_in(image, config))


def shown_in(image: GalaxyImage, config: CompositeConfig) -> CompositeConfig:
    """The composite's settings for an image's pixels, in other bands where it lacks its own."""
    if set(config.bands) <= set(image.bands):
        factor = brightness_factor(image)
        red, green, blue = (factor * scale for scale in config.scales)
        scales = (red, green, blue)
        return config if factor == 1 else config.model_copy(update={"scales": scales})
    there = in_order(image.bands)
    return in_bands(image, (there[-1], there[len(there) // 2], there[0]), config)


def in_bands(
    image: GalaxyImage, bands: tuple[str, str, str], config: CompositeConfig
) -> CompositeConfig:
    """The same settings in three bands of an image, their noise brought to that of SDSS."""
    red, green, blue = (_factor(image[band].noise) for band in bands)
    return config.model_copy(update={"bands": bands, "scales": (red, green, blue)})


def _factor(sigma: float) -> float:
    return _SKY / sigma if sigma > 0 else 1.0
