"""Opening others' FITS files: their quirks passed over, their damage an error."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from clumpscope.errors import FrameError
from clumpscope.files.fits_headers import count_hdus
from clumpscope.files.unpacked import unpacked


@contextmanager
def opened(path: Path, what: str, most_mb: float, setting: str = "") -> Iterator[fits.HDUList]:
    """Open a FITS file, plain or packed with gzip or bzip2; damage met in the block is an error.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages.
    most_mb
        Most that it may hold, unpacked, MB.
    setting
        Name of that limit in a recipe, if it is from one.

    Raises
    ------
    FrameError
        If it is missing, truncated, not FITS or too large, or the block misses something in it.
    """
    try:
        with unpacked(path, FrameError, most_mb, setting) as stream, warnings.catch_warnings():
            count_hdus(stream, path, FrameError)
            # Of a file that ends too early astropy only warns.
            warnings.simplefilter("error", AstropyUserWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            with fits.open(stream, memmap=False) as hdus:
                yield hdus
    except FrameError:
        raise
    except FileNotFoundError:
        raise FrameError(f"{path}: no such file; expected {what}") from None
    except (
        *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError),
        *(fits.VerifyError, AstropyUserWarning),
    ) as error:
        raise FrameError(f"{path}: truncated or not {what}: {error}") from error
