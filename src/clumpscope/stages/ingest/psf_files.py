"""PSFs in the HDUs of a file, in the layouts that archives use.

* one image a band (HSC's PSF picker, Legacy Surveys; STPSF's with OVERSAMP or PIXELSCL),
* a cube with a place a plane: DET_YX0 ... (STPSF's grids), IPSFX01 and JPSFY01 ... (STDPSF), or
  a table of as many rows,
* a plane of stamps with STMPSIZE and a table (Euclid's MER tiles), or a table with an image a row,
* PSFEx's models.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from clumpscope.core.cards import is_number, number
from clumpscope.core.field import Frame, Psf
from clumpscope.core.frames import sky_to_native
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import ImageError, expected_got
from clumpscope.stages.ingest.psf_objects import OnePsf, PlacedPsfs, Sampling
from clumpscope.stages.ingest.psfex import COLUMN, psfex_psf

Values = NDArray[np.float64]

_SKY = (("ra", "dec"), ("alpha_j2000", "delta_j2000"), ("alphawin_j2000", "deltawin_j2000"))
_PIXELS = (("x", "y"), ("x_image", "y_image"), ("xwin_image", "ywin_image"), ("xcen", "ycen"))
_STDPSF_OVERSAMPLING = 4  # its headers do not say it
# STPSF's extensions: with the detector's effects first, finer ones first.
_BEST_FIRST = ("OVERDIST", "OVERSAMP", "DET_DIST", "DET_SAMP")
_REMEDY = "give the file of one PSF image, of a cube with places, or of PSFEx"
_PLACE = re.compile(r"\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\)")


def psf_in(
    hdus: Sequence[Any], frame: Frame, where: str, plane: int | None = None
) -> tuple[Psf, str]:
    """The PSF of a frame in the HDUs of a file, and what it was understood to be.

    Parameters
    ----------
    hdus
        Of astropy: all of a file, or those that belong to the band.
    frame
        Whose PSF it is: its WCS tells where places on the sky lie, and how large pixels are.
    where
        The file's name.
    plane
        Which plane of a cube, where its planes are bands.

    Raises
    ------
    ImageError
        If there is none, more than one that could be meant, or it cannot be used.
    """
    tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU) and hdu.data is not None]
    models = [hdu for hdu in tables if COLUMN in hdu.columns.names]
    if models:
        return psfex_psf(_only(models, "PSFEx model", where), where), f"PSFEx model of {where}"
    images = [
        hdu
        for hdu in hdus
        if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU) and hdu.size
    ]
    if not images:
        return _of_rows(tables, frame, where)
    hdu = _of_band(images, frame.band, where)
    pixels, header = np.asarray(hdu.data, dtype=float), hdu.header
    sampling = _sampling(header, frame, where)
    if pixels.ndim == 3 and (plane is not None or len(pixels) == 1):
        if plane is not None and not 0 <= plane < len(pixels):
            raise ImageError(expected_got(where, f"plane {plane} of a cube", f"{len(pixels)}"))
        pixels = pixels[plane or 0]
    if pixels.ndim == 2 and "STMPSIZE" in header and tables:
        pixels, places = _stamps(pixels, header, tables[0], frame, where)
    elif pixels.ndim == 2:
        return OnePsf.of(pixels, where, sampling), f"PSF image of {where}"
    elif pixels.ndim == 3:
        places, sampling = _places_of_cube(header, len(pixels), tables, frame, where, sampling)
    else:
        raise ImageError(expected_got(where, "an image or a cube of PSFs", pixels.shape, _REMEDY))
    return PlacedPsfs(pixels, places, sampling, where), f"{len(pixels)} PSFs by place of {where}"


def _only(hdus: Sequence[Any], what: str, where: str) -> Any:  # noqa: ANN401
    if len(hdus) > 1:
        remedy = "give the HDU of this frame's detector alone"
        raise ImageError(expected_got(where, f"one {what}", len(hdus), remedy))
    return hdus[0]


def _of_band(images: Sequence[Any], band: str, where: str) -> Any:  # noqa: ANN401
    """The HDU of a band, by its name or its cards, or the best of STPSF's."""
    by_name = {str(hdu.header.get("EXTNAME", "")).strip().upper(): hdu for hdu in reversed(images)}
    for name in _BEST_FIRST:
        if name in by_name:
            return by_name[name]
    of_band = [
        hdu
        for hdu in images
        if band in {str(hdu.header.get(key, "")).strip() for key in ("EXTNAME", "BAND", "FILTER")}
    ]
    return _only(of_band or images, f"PSF image, or one of band {band}", where)


def _sampling(header: fits.Header, frame: Frame, where: str) -> Sampling:
    """How fine an image is: by its pixels' side in arcsec, else by samples a pixel."""
    side = header.get("PIXELSCL")
    if is_number(side) and side > 0:
        return Sampling(pixel_side_arcsec(frame.wcs) / side)
    if "OVERSAMP" in header:
        return Sampling(number(header, "OVERSAMP", where, ImageError))
    return Sampling()


def _places_of_cube(
    header: fits.Header,
    n: int,
    tables: Sequence[fits.BinTableHDU],
    frame: Frame,
    where: str,
    sampling: Sampling,
) -> tuple[Values, Sampling]:
    """Places of a cube's planes; the grids of both libraries hold the detector's pixel."""
    finely = Sampling(sampling.oversampling, effective=True)
    if "DET_YX0" in header:
        found = [_PLACE.fullmatch(str(header.get(f"DET_YX{k}", "")).strip()) for k in range(n)]
        if not all(found):
            raise ImageError(expected_got(where, f"DET_YX0 to DET_YX{n - 1}", "others"))
        return np.array([(float(m[2]), float(m[1])) for m in found if m]), finely
    if "NXPSFS" in header and "NYPSFS" in header:
        x, y = (
            [
                number(header, f"{name}{k:02d}", where, ImageError) - 1
                for k in range(1, int(number(header, count, where, ImageError)) + 1)
            ]
            for name, count in (("IPSFX", "NXPSFS"), ("JPSFY", "NYPSFS"))
        )
        places = np.array([(col, row) for row in y for col in x])
        return places, Sampling(_STDPSF_OVERSAMPLING, effective=True)
    for table in tables:
        if len(table.data) == n:
            return _places(table, frame, where), sampling
    got = f"{n} planes without one"
    remedy = "add a table with x and y or ra and dec, or say which plane is the band's"
    raise ImageError(expected_got(f"{where}: cube of PSFs", "a place for each", got, remedy))


def _stamps(
    pixels: Values, header: fits.Header, table: fits.BinTableHDU, frame: Frame, where: str
) -> tuple[Values, Values]:
    """Stamps (n, k, k) of Euclid's plane of them, and their places."""
    side = header["STMPSIZE"]
    if not isinstance(side, int) or not 0 < side <= min(pixels.shape):
        raise ImageError(expected_got(f"{where} STMPSIZE", "a side within the image", side))
    names = {name.lower(): name for name in table.columns.names}
    if not {"x_center", "y_center"} <= set(names):
        raise ImageError(expected_got(where, "columns x_center and y_center", ", ".join(names)))
    # Whether centres count from 0 or 1, the nearest stamp is the same.
    col, row = (
        np.rint(np.asarray(table.data[names[name]], dtype=float) / side - 0.5).astype(int)
        for name in ("x_center", "y_center")
    )
    ny, nx = pixels.shape[0] // side, pixels.shape[1] // side
    if not ((col >= 0) & (col < nx) & (row >= 0) & (row < ny)).all():
        raise ImageError(expected_got(where, "x_center and y_center within the image", "others"))
    grid = pixels[: ny * side, : nx * side].reshape(ny, side, nx, side).swapaxes(1, 2)
    return grid[row, col], _places(table, frame, where)


def _of_rows(
    tables: Sequence[fits.BinTableHDU], frame: Frame, where: str
) -> tuple[PlacedPsfs, str]:
    """A table with an image and a place a row."""
    for table in tables:
        for name in table.columns.names:
            images = np.asarray(table.data[name])
            if images.ndim == 3 and images.dtype.kind in "fiu":
                places = _places(table, frame, where)
                found = PlacedPsfs(images.astype(float), places, Sampling(), where)
                return found, f"{len(images)} PSFs by place of {where}"
    got = "no image, and no table with a column of images"
    raise ImageError(expected_got(where, "a PSF", got, _REMEDY))


def _places(table: fits.BinTableHDU, frame: Frame, where: str) -> Values:
    """(n, 2) pixels of a table's rows, 0-based: from the sky, else from pixels counted from 1."""
    names = {name.lower(): name for name in table.columns.names}

    def columns(pairs: Sequence[tuple[str, str]]) -> Values | None:
        for pair in pairs:
            if set(pair) <= set(names):
                both = [np.asarray(table.data[names[name]], dtype=float) for name in pair]
                return np.column_stack(both)
        return None

    sky = columns(_SKY)
    if sky is not None:
        return sky_to_native(sky, frame.wcs)
    pixels = columns(_PIXELS)
    if pixels is None:
        got = ", ".join(table.columns.names)
        raise ImageError(expected_got(f"{where}: table of PSFs", "ra and dec, or x and y", got))
    return pixels - 1
