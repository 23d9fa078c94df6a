"""The clump catalogue of Adams et al. 2022 (VizieR J/ApJ/931/16): points on the sky.

Of a label it holds the position, whether the clump is unusual, and its completeness; boxes come
from the images' WCS and PSF where a sample is given, else they are blank.
"""

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.box_tables import corner_columns
from clumpscope.core.boxes import Label
from clumpscope.core.columns import DEC_NAMES, ID_NAMES, RA_NAMES
from clumpscope.core.frames import sky_to_native
from clumpscope.core.problems import Problems
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.columns import (
    column_named,
    galaxy_ids,
    numbers,
    words,
)
from clumpscope.stages.labels.formats.common import boxes_at, centres, labels_from

# Names that VizieR and the journal give, in the order in which they are looked for.
_NAMES = {
    "galaxy_id": (*ID_NAMES, "gzid"),
    "ra": ("clump_ra", *RA_NAMES),
    "dec": ("clump_dec", *DEC_NAMES),
    "unusual": ("unusual", "odd"),
    "completeness": ("completeness", "compl", "comp"),
}
_YES = ("1", "true", "t", "y", "yes", "1.0", "unusual", "odd")
_NO = ("0", "false", "f", "n", "no", "0.0", "", "normal", "--")


def write(labels: QTable, images: Images) -> Table:
    """Columns ``ObjID``, ``RAJ2000``, ``DEJ2000`` (deg), ``Unusual`` (0, 1), ``Completeness``.

    Raises
    ------
    TableError
        If a position is not known.
    """
    _, radec = centres(labels, images)
    unknown = np.flatnonzero(~np.isfinite(radec).all(axis=1))
    if len(unknown):
        row = f"labels, row {unknown[0] + 1} ({labels['galaxy_id'][unknown[0]]})"
        raise TableError(expected_got(row, "ra and dec, or --sample with a WCS", "neither"))
    completeness = (
        plain(labels, "completeness")
        if "completeness" in labels.colnames
        else np.full(len(labels), np.nan)
    )
    return Table(
        {
            "ObjID": [str(name) for name in labels["galaxy_id"]],
            "RAJ2000": radec[:, 0],
            "DEJ2000": radec[:, 1],
            "Unusual": (plain(labels, "label") == Label.ODD).astype(int),
            "Completeness": completeness,
        }
    )


def read(table: Table, images: Images, where: object) -> QTable:
    """Labels with ``ra``, ``dec``, ``completeness``, and boxes of two PSF-FWHM.

    Without an image, or its WCS, a box is blank.

    Raises
    ------
    TableError
        If a column is missing or a value does not fit.
    """
    for column, names in _NAMES.items():
        if column != "completeness" and column_named(table, names) is None:
            expected = f"a column {' or '.join(names)}"
            raise TableError(expected_got(where, expected, ", ".join(table.colnames)))
    problems = Problems()
    ids = galaxy_ids(table, _NAMES["galaxy_id"], where)
    radec = np.column_stack(
        [numbers(table, _NAMES[name], problems, "deg") for name in ("ra", "dec")]
    )
    completeness = numbers(table, _NAMES["completeness"], problems)
    odd = [word.lower() for word in words(table, _NAMES["unusual"])]
    for row, word in enumerate(odd):
        if word not in _YES + _NO:
            problems.note(row, "Unusual", "yes or no", repr(word))
    problems.refuse(ids, where)
    rows = [
        {"galaxy_id": name, "label": int(Label.ODD if word in _YES else Label.CLUMP)}
        | {"ra": ra, "dec": dec}
        for name, word, (ra, dec) in zip(ids, odd, radec.tolist(), strict=True)
    ]
    labels = labels_from(rows, where, blank=True)
    if column_named(table, _NAMES["completeness"]) is not None:
        labels["completeness"] = completeness
    for galaxy_id, mine in rows_by_id(labels).items():
        grid = images.grid(galaxy_id)
        if grid is not None and grid.wcs is not None:
            xy = sky_to_native(radec[mine], grid.wcs)
            boxes = boxes_at(xy, 2 * grid.psf_fwhm_px, grid.shape)
            for name, values in corner_columns(boxes).items():
                labels[name][mine] = values
    return labels


FORMAT = Format("table", read, write, sample="boxes when read, positions when written")
