"""Gain and dark variance of the SDSS camera: from psField, photoField, else by CCD."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.errors import FrameError, expected_got
from clumpscope.stages.fetch.sdss.archive import opened
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror

# SDSS data model of `frame` and photoField, checked against blank sky: by camera column,
# u g r i z; electrons a DN and DN^2.
_GAIN = {
    1: (1.62, 3.32, 4.71, 5.165, 4.745),
    2: (1.595, 3.855, 4.6, 5.195, 5.155),
    3: (1.59, 3.845, 4.72, 4.86, 4.885),
    4: (1.6, 3.995, 4.76, 4.885, 4.775),
    5: (1.47, 4.05, 4.725, 4.64, 3.48),
    6: (2.17, 4.035, 4.895, 4.76, 4.69),
}
_DARK = {
    1: (9.61, 15.6025, 1.8225, 7.84, 0.81),
    2: (12.6025, 1.44, 1.0, 5.76, 1.0),
    3: (8.7025, 1.3225, 1.3225, 4.6225, 1.0),
    4: (12.6025, 1.96, 1.3225, 6.25, 9.61),
    5: (9.3025, 1.1025, 0.81, 7.84, 1.8225),
    6: (7.0225, 1.8225, 0.9025, 5.0625, 1.21),
}
# (camcol, band, last run of the old value) → new value.
_GAIN_LATER = {(2, "u", 1100): 1.825}
_DARK_LATER = {
    (2, "i", 1500): 6.25,
    (4, "i", 1500): 7.5625,
    (4, "z", 1500): 12.6025,
    (5, "z", 1500): 2.1025,
}


@dataclass(frozen=True)
class CcdNoise:
    """Gain, electrons a DN, and dark variance (read noise included), DN^2."""

    gain: float
    dark: float


def ccd_noise(run: int, camcol: int, band: str) -> CcdNoise:
    """Gain and dark variance of a CCD as tabled, where no file of the field says them.

    Raises
    ------
    FrameError
        If there is no such CCD.
    """
    if camcol not in _GAIN or band not in SDSS_BANDS:
        raise FrameError(expected_got("CCD", "camera columns 1 to 6, bands ugriz", (camcol, band)))
    column = SDSS_BANDS.index(band)
    gain, dark = _GAIN[camcol][column], _DARK[camcol][column]
    for (c, b, last), value in _GAIN_LATER.items():
        gain = value if (c, b) == (camcol, band) and run > last else gain
    for (c, b, last), value in _DARK_LATER.items():
        dark = value if (c, b) == (camcol, band) and run > last else dark
    return CcdNoise(gain, dark)


def field_noise(mirror: Mirror, key: FieldKey) -> dict[str, CcdNoise]:
    """Gain and dark variance of each band: psField's own, else photoField's, else tabled.

    Raises
    ------
    FrameError
        If a psField or photoField is there but cannot be read.
    """
    path = mirror.psfields.get(key)
    if path is None:
        path = mirror.photofields.get((key.run, key.camcol))
        hdu, upper = 1, True
    else:
        hdu, upper = 6, False
    tabled = {band: ccd_noise(key.run, key.camcol, band) for band in SDSS_BANDS}
    if path is None:
        return tabled
    names = ("gain", "dark_variance", "field")
    gain, dark, field = read_columns(path, hdu, [n.upper() if upper else n for n in names])
    rows = np.flatnonzero(np.ravel(field) == key.field)
    if not rows.size:  # a photoField cut short: the run's values are still the CCD's
        rows = np.array([0])
    row = int(rows[0])
    found = {}
    for column, band in enumerate(SDSS_BANDS):
        values = CcdNoise(float(gain[row][column]), float(dark[row][column]))
        usable = 0 < values.gain < np.inf and 0 <= values.dark < np.inf
        found[band] = values if usable else tabled[band]
    return found


def read_columns(path: Path, hdu: int, names: list[str]) -> list[NDArray[np.float64]]:
    """Columns of a table HDU, as arrays (rows first).

    Raises
    ------
    FrameError
        If the file is missing, truncated, or lacks the HDU or a column.
    """
    with opened(path, f"a file with columns {', '.join(names)} in HDU {hdu}") as hdus:
        return [np.array(hdus[hdu].data[name], dtype=float) for name in names]
