"""Bare colour pictures on disk: PNG and JPEG."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.core.galaxy import ColourImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.image_sizes import check_pixels

PICTURES = (".png", ".jpg", ".jpeg")
AGAIN = "fetch or copy the file again"
_FORMATS = ("PNG", "JPEG")  # Pillow would try some forty others, whatever the name
_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def no_such_image(path: Path) -> str:
    """What to say of a galaxy whose file is not there."""
    return f"{path}: no such file; put it there or take {path.stem} out of hosts.parquet"


def picture_shape(path: Path, limits: LimitsConfig = LIMITS) -> tuple[int, int]:
    """Read (ny, nx) of a PNG or JPEG from its header.

    Raises
    ------
    ImageError
        If it is missing, not a picture or larger than allowed.
    """
    with _opened(path, limits) as picture:
        return picture.height, picture.width


def read_picture(
    path: Path,
    pixscale_arcsec: float,
    psf_fwhm_arcsec: float,
    *,
    psf_assumed: bool,
    limits: LimitsConfig = LIMITS,
) -> ColourImage:
    """Read a PNG or JPEG as it is stored.

    Raises
    ------
    ImageError
        If it is missing, truncated, not a picture, larger than allowed or of one constant
        colour.
    """
    with _opened(path, limits) as picture:
        if picture.mode in _SIXTEEN_BITS:  # convert("RGB") would clip them
            grey = np.asarray(picture, dtype=np.float32) / np.float32(65535)
            pixels = np.repeat(grey[:, :, None], 3, axis=2)
        else:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)
    if not np.ptp(pixels, axis=(0, 1)).any():
        raise ImageError(expected_got(path, "an image", "one constant colour", AGAIN))
    return ColourImage(path.stem, pixels, pixscale_arcsec, psf_fwhm_arcsec, psf_assumed)


@contextmanager
def _opened(path: Path, limits: LimitsConfig) -> Iterator[Image.Image]:
    """Open a picture whose header says an allowed size; damage met in the block is an error."""
    try:
        regular(path, ImageError, limits.decompressed_mb, "[limits] decompressed_mb")
        with warnings.catch_warnings():
            # Pillow's own bound is another; ours is checked before anything is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                check_pixels(path, (picture.height, picture.width), limits)
                yield picture
    except FileNotFoundError:
        raise ImageError(no_such_image(path)) from None
    except Image.DecompressionBombError as error:
        most = f"at most {limits.cutout_px} px ([limits] cutout_px)"
        raise ImageError(expected_got(path, most, str(error).split(" exceeds")[0])) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageError(f"{path}: truncated or not a picture: {error}; {AGAIN}") from error
