"""Opening the archive's FITS files."""

from contextlib import AbstractContextManager
from pathlib import Path

from astropy.io import fits

from clumpscope.ops import fits_file

MOST_MB = 200.0  # unpacked; a frame has 12.5, a photoField at most some tens


def opened(path: Path, what: str) -> AbstractContextManager[fits.HDUList]:
    """A file of at most `MOST_MB`; see `clumpscope.ops.fits_file.opened`."""
    return fits_file.opened(path, what, MOST_MB)
