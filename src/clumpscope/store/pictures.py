"""Bare colour pictures on disk: PNG and JPEG."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from clumpscope.core.galaxy import ColourImage
from clumpscope.errors import ImageError, expected_got

PICTURES = (".png", ".jpg", ".jpeg")
AGAIN = "fetch or copy the file again"
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def no_such_image(path: Path) -> str:
    """What to say of a galaxy whose file is not there."""
    return f"{path}: no such file; put it there or take {path.stem} out of hosts.parquet"


def picture_shape(path: Path) -> tuple[int, int]:
    """Read (ny, nx) of a PNG or JPEG from its header.

    Raises
    ------
    ImageError
        If it is missing or not a picture.
    """
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except FileNotFoundError:
        raise ImageError(no_such_image(path)) from None
    except (OSError, SyntaxError) as error:
        raise ImageError(f"{path}: not a picture: {error}; {AGAIN}") from error


def read_picture(
    path: Path, pixscale_arcsec: float, psf_fwhm_arcsec: float, *, psf_assumed: bool
) -> ColourImage:
    """Read a PNG or JPEG as it is stored.

    Raises
    ------
    ImageError
        If it is missing, truncated, not a picture or of one constant colour.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode in _SIXTEEN_BITS:  # convert("RGB") would clip them
                grey = np.asarray(picture, dtype=np.float32) / np.float32(65535)
                pixels = np.repeat(grey[:, :, None], 3, axis=2)
            else:
                pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)
    except FileNotFoundError:
        raise ImageError(no_such_image(path)) from None
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise ImageError(f"{path}: truncated or not a picture: {error}; {AGAIN}") from error
    if not np.ptp(pixels, axis=(0, 1)).any():
        raise ImageError(expected_got(path, "an image", "one constant colour", AGAIN))
    return ColourImage(path.stem, pixels, pixscale_arcsec, psf_fwhm_arcsec, psf_assumed)
