"""Whether a file that came is what it should be, to its last byte."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from clumpscope.errors import DownloadError
from clumpscope.files.fits_headers import count_hdus
from clumpscope.files.unpacked import unpacked
from clumpscope.net.faults import TryAgainError


def check_fits(path: Path, most_mb: float, images: Iterable[tuple[int, int]] = ()) -> None:
    """Check a FITS file, plain or packed with gzip or bzip2, to its end.

    Parameters
    ----------
    path
        The file, whatever its name.
    most_mb
        Most that it may unpack to.
    images
        Shape (ny, nx) that the first images must have, where that is known.

    Raises
    ------
    TryAgainError
        If it is none, cut off, of other sizes, or its own checksums are not those.
    """
    try:
        with unpacked(path, DownloadError, most_mb) as stream:
            number = count_hdus(stream, path.name, DownloadError)
            with warnings.catch_warnings():
                warnings.simplefilter("error", AstropyUserWarning)  # of checksums, and of cut ends
                with fits.open(stream, memmap=False, checksum=True) as hdus:
                    sizes = [hdu.shape for hdu in hdus if hdu.is_image and hdu.shape]
                    for hdu in hdus:
                        hdu.data  # noqa: B018  (reads it)
                    found = len(hdus)
    except DownloadError as error:
        raise TryAgainError(str(error).removeprefix(f"{path}: ")) from error
    except (OSError, EOFError, ValueError, TypeError, fits.VerifyError, Warning) as error:
        raise TryAgainError(f"truncated or not a FITS file: {error}") from error
    if found != number:
        raise TryAgainError(f"expected a FITS file of {number} HDUs, got {found}")
    for wanted, size in zip(images, sizes, strict=False):
        if size[-2:] != wanted:
            raise TryAgainError(f"expected an image of {wanted} px, got {size}")
