"""Opening the archive's FITS files: their quirks passed over, their damage an error."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropy.io import fits
from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from clumpscope.errors import FrameError


@contextmanager
def opened(path: Path, what: str, content: bytes | None = None) -> Iterator[fits.HDUList]:
    """Open a FITS file, or ``content`` under its name; damage met in the block is an error.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages.
    content
        Its bytes, where they are not those on disk.

    Raises
    ------
    FrameError
        If it is missing, truncated, not FITS, or the block misses something in it.
    """
    try:
        with warnings.catch_warnings():
            # Of a file that ends too early astropy only warns.
            warnings.simplefilter("error", AstropyUserWarning)
            warnings.simplefilter("ignore", VerifyWarning)
            source = path if content is None else io.BytesIO(content)
            with fits.open(source, memmap=False) as hdus:
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
