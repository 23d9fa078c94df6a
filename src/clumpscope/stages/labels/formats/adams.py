"""The clump catalogue of Adams et al. 2022 (VizieR J/ApJ/931/16): points on the sky.

Of a label it holds the position, whether the clump is unusual, and its completeness; boxes come
from the images' WCS and PSF where a sample is given, else they are blank.
"""

import numpy as np
from astropy.table import MaskedColumn, QTable, Table
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.labels.formats.common import labels_from

# Names that VizieR and the journal give, in the order in which they are looked for.
_NAMES = {
    "galaxy_id": ("galaxy_id", "objid", "specobjid", "name", "gzid", "id"),
    "ra": ("raj2000", "ra_icrs", "radeg", "clump_ra", "ra"),
    "dec": ("dej2000", "de_icrs", "dedeg", "decdeg", "clump_dec", "dec"),
    "unusual": ("unusual", "odd"),
    "completeness": ("completeness", "compl", "comp"),
}


def to_adams(labels: QTable) -> Table:
    """Columns ``ObjID``, ``RAJ2000``, ``DEJ2000`` (deg), ``Unusual`` (0, 1), ``Completeness``."""
    completeness = (
        plain(labels, "completeness")
        if "completeness" in labels.colnames
        else np.full(len(labels), np.nan)
    )
    return Table(
        {
            "ObjID": [str(name) for name in labels["galaxy_id"]],
            "RAJ2000": plain(labels, "ra"),
            "DEJ2000": plain(labels, "dec"),
            "Unusual": (plain(labels, "label") == Label.ODD).astype(int),
            "Completeness": completeness,
        }
    )


def from_adams(table: Table, where: object) -> QTable:
    """Labels with ``ra``, ``dec`` and ``completeness``; their boxes are blank.

    Raises
    ------
    TableError
        If a column is missing or a value does not fit.
    """
    lower = {name.lower().lstrip("_"): name for name in table.colnames}
    found = {}
    for column, names in _NAMES.items():
        name = next((lower[one] for one in names if one in lower), None)
        if name is None and column != "completeness":
            raise TableError(
                expected_got(where, f"a column {' or '.join(names)}", ", ".join(table.colnames))
            )
        found[column] = name
    ids = np.asarray(table[found["galaxy_id"]]).astype(str)
    ra, dec = _numbers(table, found["ra"], where), _numbers(table, found["dec"], where)
    odd = np.array([_is_unusual(value, where) for value in table[found["unusual"]]])
    rows = [
        {
            "galaxy_id": name.strip(),
            "label": int(Label.ODD if is_odd else Label.CLUMP),
            "ra": a,
            "dec": d,
        }
        for name, is_odd, a, d in zip(ids, odd, ra, dec, strict=True)
    ]
    labels = labels_from(rows, where)
    if found["completeness"] is not None:
        labels["completeness"] = _numbers(table, found["completeness"], where)
    return labels


def _numbers(table: Table, name: str | None, where: object) -> NDArray[np.float64]:
    column = table[name]
    try:
        values = column.filled(np.nan) if isinstance(column, MaskedColumn) else column
        numbers: NDArray[np.float64] = np.asarray(getattr(values, "value", values), dtype=float)
    except (ValueError, TypeError) as error:
        raise TableError(expected_got(f"{where}, {name}", "numbers", str(error))) from error
    return numbers


def _is_unusual(value: object, where: object) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "t", "y", "yes", "1.0", "unusual", "odd"):
        return True
    if text in ("0", "false", "f", "n", "no", "0.0", "", "normal", "--"):
        return False
    raise TableError(expected_got(f"{where}, Unusual", "yes or no", repr(text)))
