"""PSFEx's models: images times powers of the place (Bertin 2011, ASPC 442, 435).

A table of one row holds in PSF_MASK the images of all terms 1, x, x^2 ..., y, x y ... up to the
degree POLDEG1, x and y less POLZERO1 and 2 over POLSCAL1 and 2, pixels counted from 1. A sample
is PSF_SAMP pixels wide, and the pixel itself is part of the PSF.
"""

from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from clumpscope.core.cards import is_number, number
from clumpscope.core.field import LocalPsf
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.ops.psf_image import psf_moments
from clumpscope.stages.ingest.psf_objects import Sampling

COLUMN = "PSF_MASK"


@dataclass(frozen=True, eq=False)
class PsfexPsf:
    """A PSFEx model of a frame.

    Attributes
    ----------
    basis
        (terms, ky, kx).
    degree
        Highest power of x and y together.
    zero, scale
        Of x and y, pixels from 1.
    sampling
        Of the images.
    where
        What it is called.
    """

    basis: NDArray[np.float64]
    degree: int
    zero: tuple[float, float]
    scale: tuple[float, float]
    sampling: Sampling
    where: str

    def at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based.

        Raises
        ------
        FrameError
            If it is none there.
        """
        x, y = (
            (place + 1 - zero) / scale
            for place, zero, scale in zip((col, row), self.zero, self.scale, strict=True)
        )
        powers = [x**i * y**j for j in range(self.degree + 1) for i in range(self.degree + 1 - j)]
        raw = np.tensordot(powers, self.basis, axes=1)
        try:
            image = self.sampling.ready(raw, f"{self.where} at x {col:.0f}, y {row:.0f}")
        except ImageError as error:
            raise FrameError(str(error)) from error
        return LocalPsf(image, psf_moments(image)[0], assumed=False)


def psfex_psf(hdu: fits.BinTableHDU, where: str) -> PsfexPsf:
    """The model in a table with a column PSF_MASK.

    Raises
    ------
    ImageError
        If it depends on other than x and y, or its terms are not as many as its degree has.
    """
    header = hdu.header
    axes = header.get("POLNAXIS", 0)
    names = [str(header.get(f"POLNAME{n}", "")).strip() for n in (1, 2)][: max(0, axes)]
    of_places = [name[:1].upper() for name in names] == ["X", "Y"][:axes]
    if axes not in (0, 2) or not of_places or header.get("POLNGRP", 1) > 1:
        got = ", ".join(names) or f"{axes} variables"
        raise ImageError(expected_got(where, "a PSFEx model of X and Y, or of nothing", got))
    if len(hdu.data) != 1:
        raise ImageError(expected_got(where, "a table of one row", len(hdu.data)))
    basis = np.asarray(hdu.data[COLUMN][0], dtype=float)
    if basis.ndim not in (2, 3):
        raise ImageError(expected_got(f"{where} {COLUMN}", "images", f"shape {basis.shape}"))
    basis = basis.reshape(-1, *basis.shape[-2:])
    degree = header.get("POLDEG1", 0) if axes else 0
    if not isinstance(degree, int) or degree < 0 or len(basis) != (degree + 1) * (degree + 2) // 2:
        expected = f"as many images as degree {degree} has terms"
        raise ImageError(expected_got(f"{where} {COLUMN}", expected, len(basis)))
    step = header.get("PSF_SAMP", 1.0)
    if not (is_number(step) and step > 0):
        raise ImageError(expected_got(f"{where} PSF_SAMP", "a positive number", repr(step)))
    zero = scale = (1.0, 1.0)
    if axes:
        zero, scale = (_of_both(header, key, where) for key in ("POLZERO", "POLSCAL"))
        if 0 in scale:
            raise ImageError(expected_got(f"{where} POLSCAL", "other than 0", scale))
    return PsfexPsf(basis, degree, zero, scale, Sampling(1 / step, effective=True), where)


def _of_both(header: fits.Header, key: str, where: str) -> tuple[float, float]:
    """A card's numbers for x and y."""
    return (
        number(header, f"{key}1", where, ImageError),
        number(header, f"{key}2", where, ImageError),
    )
