"""One SDSS corrected frame: pixels, noise and WCS."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.field import Frame
from clumpscope.errors import FrameError, expected_got
from clumpscope.stages.fetch.sdss.archive import opened
from clumpscope.stages.fetch.sdss.detectors import CcdNoise
from clumpscope.stages.fetch.sdss.mirror import frame_wcs

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class CorrectedFrame(Frame):
    """A frame with its ``calibration`` (nx,): nanomaggy a count (DN), along columns."""

    calibration: Plane


def read_frame(path: Path, band: str, noise: CcdNoise) -> CorrectedFrame:
    """Read and check a corrected frame.

    Raises
    ------
    FrameError
        If the file is missing, truncated or damaged, lacks an HDU, or a shape is wrong.
    """
    with opened(path, "an SDSS frame") as hdus:
        return _frame(path, band, noise, hdus)


def _frame(path: Path, band: str, noise: CcdNoise, hdus: fits.HDUList) -> CorrectedFrame:
    if len(hdus) < 3:
        raise FrameError(expected_got(path, "HDUs image, calibration and sky", f"{len(hdus)} HDUs"))
    image, calibration = hdus[0].data, hdus[1].data
    if image is None or image.ndim != 2:
        raise FrameError(expected_got(f"{path} HDU 0", "a 2-D image", np.shape(image)))
    header = hdus[0].header
    if header.get("FILTER", band).strip() != band:
        raise FrameError(expected_got(f"{path} FILTER", band, header["FILTER"]))
    ny, nx = image.shape
    if np.shape(calibration) != (nx,):
        raise FrameError(
            expected_got(f"{path} HDU 1 (calibration)", f"shape ({nx},)", np.shape(calibration))
        )
    if not (np.isfinite(calibration) & (calibration > 0)).all():
        raise FrameError(expected_got(f"{path} HDU 1 (calibration)", "positive numbers", "others"))
    sky = read_sky(hdus[2], path, (ny, nx))
    data = np.ascontiguousarray(image, dtype=np.float32)
    calibration = np.ascontiguousarray(calibration, dtype=np.float32)
    variance = frame_variance(data, calibration, sky, noise)
    return CorrectedFrame(
        path, band, data, variance, frame_wcs(header, path), calibration=calibration
    )


def read_sky(hdu: fits.BinTableHDU, path: Path, shape: tuple[int, int]) -> Plane:
    """Sky in counts at every pixel, (ny, nx): the coarse ``ALLSKY`` interpolated bilinearly.

    ``XINTERP`` and ``YINTERP`` are the coarse image's coordinates of each column and row.

    Raises
    ------
    FrameError
        If a column is missing or of the wrong shape.
    """
    names = () if getattr(hdu, "columns", None) is None else hdu.columns.names
    missing = [name for name in ("ALLSKY", "XINTERP", "YINTERP") if name not in names]
    if missing:
        raise FrameError(
            expected_got(f"{path} HDU 2 (sky)", "ALLSKY, XINTERP, YINTERP", f"no {missing}")
        )
    columns = ("ALLSKY", "XINTERP", "YINTERP")
    coarse, x, y = (np.asarray(hdu.data[name][0], float) for name in columns)
    if coarse.ndim != 2 or x.shape != (shape[1],) or y.shape != (shape[0],):
        raise FrameError(
            expected_got(
                f"{path} HDU 2 (sky)",
                f"a 2-D ALLSKY for {shape} pixels",
                f"shapes {coarse.shape}, {x.shape}, {y.shape}",
            )
        )
    return _along(_along(coarse, y, 0), x, 1)


def _along(coarse: NDArray[np.floating], at: NDArray[np.floating], axis: int) -> Plane:
    """Linear interpolation along one axis at coordinates ``at``, held at the ends."""
    last = coarse.shape[axis] - 1
    place = np.clip(at, 0, last)
    low = np.floor(place).astype(np.intp)
    part = (place - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    values = coarse.astype(np.float32)
    below = np.take(values, low, axis)
    step = np.take(values, np.minimum(low + 1, last), axis) - below
    line: Plane = below + part * step
    return line


def frame_variance(
    data: ArrayLike, calibration: ArrayLike, sky: ArrayLike, noise: CcdNoise
) -> Plane:
    """Variance of a corrected frame, nanomaggy squared.

    cal^2 [(image / cal + sky) / gain + dark variance] (SDSS data model of ``frame``), counts
    below zero taken as zero.

    Parameters
    ----------
    data
        (ny, nx) nanomaggy.
    calibration
        (nx,) nanomaggy a count.
    sky
        (ny, nx) or a number, counts.
    noise
        Gain and dark variance.
    """
    cal = np.asarray(calibration, dtype=np.float32)
    image = np.nan_to_num(np.asarray(data, dtype=np.float32), posinf=0.0, neginf=0.0)
    counts = np.maximum(image / cal + np.asarray(sky, dtype=np.float32), 0)
    variance: Plane = (cal**2 * (counts / np.float32(noise.gain) + np.float32(noise.dark))).astype(
        np.float32
    )
    return variance
