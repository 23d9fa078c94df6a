"""Own lists of labels: a galaxy, a place and a class in each row.

Places are ``x``, ``y`` (native pixels, 0-based), ``ra``, ``dec`` (deg), or whole boxes ``x1``,
``y1``, ``x2``, ``y2`` (fractions of the image's columns and rows). A point's box has the side
``size`` (px), else two PSF-FWHM of its image. Columns may stand in any order and case, and the
usual other names of an id and a sky position will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import MaskedColumn, QTable, Table
from numpy.typing import NDArray

from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import LABEL_NAMES, Label
from clumpscope.core.columns import DEC_NAMES, ID_NAMES, RA_NAMES
from clumpscope.core.frames import fraction_to_native, native_to_sky
from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.core.grid import Grid
from clumpscope.core.problems import Problems
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.places import MAX_DISAGREEMENT_PX, places
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.columns import (
    Values,
    column_named,
    galaxy_ids,
    numbers,
    words,
)
from clumpscope.stages.labels.formats.common import (
    boxes_at,
    centres,
    labels_from,
)

# The columns of a place, each with its names.
_XY, _SKY, _BOX = (("x",), ("y",)), (RA_NAMES, DEC_NAMES), tuple((name,) for name in CORNERS)
_SIDE, _LABEL = ("size", "side_px"), ("label", "class", "clump_label_id")
_PLACES = "x, y or ra, dec or x1, y1, x2, y2"
_WORDS = {"": Label.CLUMP, "nan": Label.CLUMP, "normal": Label.CLUMP, "odd": Label.ODD} | {
    word: label
    for label, name in LABEL_NAMES.items()
    for word in (name, f"{label:d}", f"{label:d}.0")
}


@dataclass(frozen=True, eq=False)
class _Rows:
    """N rows as they are given; numbers that are blank are NaN."""

    ids: list[str]
    xy: Values
    radec: Values
    corners: Values
    side_px: Values
    label: list[str]
    probability: Values


def read(table: Table, images: Images, where: object) -> QTable:
    """Labels from a table; of a consensus they have ``probability``, if it is there.

    Raises
    ------
    TableError
        If a column is missing; if there are points and no sample; or if rows cannot be used: a
        number is none, a galaxy is not in the sample, a place is off its image, or sky and pixel
        position disagree.
    """
    problems = Problems()
    given = _rows(table, where, problems)
    corners, radec = given.corners.copy(), given.radec.copy()
    boxed, point = _whole(corners), _whole(given.xy) | _whole(radec)
    if images.grids is None and (point & ~boxed).any():
        raise TableError(expected_got("--sample", f"the images of the points in {where}", "none"))
    for row in np.flatnonzero(~boxed & ~point).tolist():
        problems.note(row, "place", _PLACES, "none")
    for galaxy_id, rows in rows_by_id(Table({"galaxy_id": given.ids})).items():
        grid = images.grid(galaxy_id)
        if grid is not None:
            corners[rows], radec[rows] = _placed(given, rows, grid, problems)
        elif images.grids is not None:
            for row in rows.tolist():
                problems.note(row, "galaxy_id", "a galaxy of the sample", galaxy_id)
    problems.refuse(given.ids, where)
    labels = [
        {"galaxy_id": galaxy_id, "label": int(_WORDS[word]), "ra": ra, "dec": dec}
        | dict(zip(CORNERS, box, strict=True))
        | ({} if np.isnan(chance) else {"probability": chance})
        for galaxy_id, word, (ra, dec), box, chance in zip(
            given.ids, given.label, radec, corners, given.probability, strict=True
        )
    ]
    return labels_from(labels, where)


def _rows(table: Table, where: object, problems: Problems) -> _Rows:
    """Read the columns; note rows in which something cannot be."""

    def has(columns: Sequence[Sequence[str]]) -> bool:
        return all(column_named(table, names) for names in columns)

    if not (has([ID_NAMES]) and (has(_XY) or has(_SKY) or has(_BOX))):
        expected = f"columns galaxy_id and {_PLACES}"
        raise TableError(expected_got(where, expected, ", ".join(table.colnames)))
    given = _Rows(
        ids=galaxy_ids(table, ID_NAMES, where),
        xy=np.column_stack([numbers(table, names, problems, "pix") for names in _XY]),
        radec=np.column_stack([numbers(table, names, problems, "deg") for names in _SKY]),
        corners=np.column_stack([numbers(table, names, problems) for names in _BOX]),
        side_px=numbers(table, _SIDE, problems, "pix"),
        label=[word.lower() for word in words(table, _LABEL)],
        probability=numbers(table, ("probability",), problems),
    )
    for row, (galaxy_id, word) in enumerate(zip(given.ids, given.label, strict=True)):
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            problems.reasons.setdefault(row, str(error))
        if word not in _WORDS:
            problems.note(row, "label", "1, clump or normal; 2, odd clump or odd", word)
    side, chance, box = given.side_px, given.probability, given.corners
    problems.note_where(side <= 0, "size", "a side above 0 px", side)
    problems.note_where((chance < 0) | (chance > 1), "probability", "0 to 1", chance)
    partly = np.isfinite(box).any(axis=1) & ~_whole(box)
    problems.note_where(partly, "box", "x1, y1, x2 and y2", box)
    turned = (box[:, :2] >= box[:, 2:]).any(axis=1)
    problems.note_where(turned, "box", "x1 < x2 and y1 < y2", box)
    off = (np.abs((box[:, :2] + box[:, 2:]) / 2 - 0.5) > 0.5).any(axis=1)
    problems.note_where(off, "box", "fractions of the image, its centre within 0 to 1", box)
    return given


def _placed(
    given: _Rows, rows: NDArray[np.intp], grid: Grid, problems: Problems
) -> tuple[Values, Values]:
    """(n, 4) boxes and (n, 2) ra, dec of their centres on one image; note rows without a place."""
    sky, known = given.radec[rows], grid.wcs is not None
    xy, apart = places(given.xy[rows], sky if known else np.full_like(sky, np.nan), grid.wcs)
    side = np.where(np.isfinite(given.side_px[rows]), given.side_px[rows], 2 * grid.psf_fwhm_px)
    boxes = given.corners[rows]
    boxed = _whole(boxes)
    boxes = np.where(boxed[:, None], boxes, boxes_at(xy, side, grid.shape))
    ny, nx = grid.shape
    inside = np.asarray(((xy >= -0.5) & (xy <= [nx - 0.5, ny - 0.5])).all(axis=1))
    has_side = np.isfinite(side)
    for k, row in enumerate(rows.tolist()):
        if apart[k] > MAX_DISAGREEMENT_PX:
            agree = f"sky and pixel position within {MAX_DISAGREEMENT_PX} px"
            problems.note(row, "place", agree, f"{apart[k]:.2f} px apart")
        elif boxed[k] or (inside[k] and has_side[k]):
            continue
        elif not np.isfinite(xy[k]).all():
            problems.note(row, "ra, dec", "an image with a WCS", "one without")
        elif not inside[k]:
            got = f"x {xy[k, 0]:.1f}, y {xy[k, 1]:.1f}"
            problems.note(row, "place", f"one on the image of {nx} × {ny} px", got)
        else:
            problems.note(row, "size", "a side in px, or an image with a WCS", "neither")
    centre = fraction_to_native((boxes[:, :2] + boxes[:, 2:]) / 2, grid.shape)
    return boxes, native_to_sky(centre, grid.wcs) if known else sky


def _whole(values: Values) -> NDArray[np.bool_]:
    """(N,) rows of (N, k) that have every number."""
    return np.asarray(np.isfinite(values).all(axis=1))


def write(labels: QTable, images: Images) -> Table:
    """Columns ``galaxy_id``, ``x``, ``y``, ``ra``, ``dec``, ``label``, box and ``probability``.

    Places are those of the boxes' centres. What is not known is blank.
    """
    xy, radec = centres(labels, images)
    known = "probability" in labels.colnames
    names = ("x", "y", "ra", "dec", *CORNERS)
    columns = {
        **dict(zip(names, (*xy.T, *radec.T, *corners_of(labels).T), strict=True)),
        "probability": plain(labels, "probability") if known else np.full(len(labels), np.nan),
    }
    table = Table({"galaxy_id": np.asarray(labels["galaxy_id"]).astype(str)})
    for name, values in columns.items():
        table[name] = MaskedColumn(values, mask=np.isnan(values))
    table.add_column(plain(labels, "label"), name="label", index=5)
    return table


FORMAT = Format("table", read, write, sample="points, when read; x, y, ra, dec when written")
