"""The PSF at a place in a frame from SDSS's psField: a sum of eigen-images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.psf import normalised
from clumpscope.stages.fetch.sdss.archive import opened

_SCALE = 1e-3  # of the polynomials' coordinates
_NAMES = ("RROWS", "RNROW", "RNCOL", "nrow_b", "ncol_b", "c")


@dataclass(frozen=True, eq=False)
class PsfModel:
    """PSF of one band of a field.

    Attributes
    ----------
    images
        (K, k, k) eigen-images.
    coefficients
        (K, 5, 5) of row and column powers; powers the fit does not use are 0.
    """

    images: NDArray[np.float64]
    coefficients: NDArray[np.float64]

    def at(self, row: float, col: float) -> NDArray[np.float32]:
        """PSF at a pixel (0-based): (k, k) float32, k odd, sum 1.

        Raises
        ------
        ImageError
            If the sum there is not positive.
        """
        # psField counts the first pixel's centre as 0.5.
        powers = np.arange(5)
        rows = ((row + 0.5) * _SCALE) ** powers
        cols = ((col + 0.5) * _SCALE) ** powers
        weights = np.einsum("kij,i,j->k", self.coefficients, rows, cols)
        return normalised(np.tensordot(weights, self.images, axes=1))


def read_psfield(path: Path) -> dict[str, PsfModel]:
    """PSF models of the five bands, HDUs 1 to 5.

    Raises
    ------
    FrameError
        If the file is missing, truncated, or lacks an HDU or column.
    """
    with opened(path, f"a psField with {', '.join(_NAMES)} in HDUs 1 to 5") as hdus:
        return {band: _model(hdus[n].data, path) for n, band in enumerate(SDSS_BANDS, 1)}


def _model(table: fits.FITS_rec, path: Path) -> PsfModel:
    images, coefficients = [], []
    for row in table:
        pixels, ny, nx, n_rows, n_cols, c = (row[name] for name in _NAMES)
        if ny != nx or ny % 2 == 0 or np.size(pixels) != ny * nx:
            raise FrameError(
                expected_got(f"{path} RROWS", "square images with an odd side", (ny, nx))
            )
        used = np.zeros((5, 5))
        # Beyond the powers in use the file holds whatever was in memory.
        used[:n_rows, :n_cols] = np.reshape(c, (5, 5))[:n_rows, :n_cols]
        coefficients.append(used)
        images.append(np.reshape(pixels, (ny, nx)).astype(float))
    if not images:
        raise FrameError(expected_got(path, "eigen-images", "none"))
    return PsfModel(np.array(images), np.array(coefficients))
