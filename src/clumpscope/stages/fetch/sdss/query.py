"""SDSS's catalogue asked by SQL: objects at positions, and what is known of them."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from string import Template

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.errors import TableError, expected_got

_PHOTO = (
    *("objID", "ra", "dec", "type", "clean", "run", "rerun", "camcol", "field"),
    *("petroR50_r", "petroR90_r", "fracDeV_r", "expAB_r", "expPhi_r", "deVAB_r", "deVPhi_r"),
    *(f"petroFlux_{band}" for band in SDSS_BANDS),
    *(f"petroFluxIvar_{band}" for band in SDSS_BANDS),
    *(f"extinction_{band}" for band in SDSS_BANDS),
)
_SPECTRUM = ("specObjID", "z", "zWarning")
_DERIVED = ("lgm_tot_p50", "specsfr_tot_p50")
# Filled with numbers, and names of ours alone.
_SQL = Template(
    "SELECT t.target, n.distance AS apart_arcmin, $columns "
    "FROM (VALUES $positions) AS t(target, ra, dec) "
    "OUTER APPLY (SELECT TOP 1 m.objID, m.distance "
    "FROM dbo.fGetNearbyObjEq(t.ra, t.dec, 0.5) AS m "
    "ORDER BY CASE WHEN m.type = 3 THEN 0 ELSE 1 END, m.distance) AS n "
    "LEFT JOIN PhotoPrimary AS p ON p.objID = n.objID "
    "LEFT JOIN SpecObj AS s ON s.bestObjID = p.objID "
    "LEFT JOIN galSpecExtra AS e ON e.specObjID = s.specObjID "
    "LEFT JOIN PhotoObjDR7 AS d ON d.dr8objid = p.objID"
)
COLUMNS = ("target", "apart_arcmin", *_PHOTO, *_SPECTRUM, *_DERIVED, "dr7objid", "again")


def positions_sql(ra: Sequence[float], dec: Sequence[float]) -> str:
    """SQL for the object at each of N positions (ICRS, degrees): galaxies first, then the nearest.

    Joined are its spectrum, MPA-JHU's mass and specific star-formation rate (`galSpecExtra`) and
    its id in DR7. Each position gives a row, empty if there is no object within half an arc
    minute, that ends with its number again: so that it shows if an answer was cut off.

    Raises
    ------
    TableError
        If a position is none.
    """
    rows = []
    for number, (a, d) in enumerate(zip(ra, dec, strict=True)):
        if not (0 <= a < 360 and -90 <= d <= 90):
            raise TableError(expected_got(f"position {number}", "degrees on the sky", (a, d)))
        rows.append(f"({number},{a:.7f},{d:.7f})")
    selected = [
        *(f"p.{name}" for name in _PHOTO),
        *(f"s.{name}" for name in _SPECTRUM),
        *(f"e.{name}" for name in _DERIVED),
        "d.dr7objid",
        "t.target AS again",
    ]
    return _SQL.substitute(columns=", ".join(selected), positions=",".join(rows))


def read_rows(text: str, count: int) -> dict[int, dict[str, str]]:
    """Rows of an answer in CSV for ``count`` positions, by number; the first of several.

    Raises
    ------
    TableError
        If it is none, as where the archive says what is wrong instead, or not all of it.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(lines)
    if reader.fieldnames is None or not set(COLUMNS) <= set(reader.fieldnames):
        got = " ".join(text.split())[:200] or "nothing"
        raise TableError(expected_got("answer of SDSS's catalogue", "a table in CSV", got))
    found: dict[int, dict[str, str]] = {}
    for row in reader:
        if not row["target"].isdigit() or row["again"] != row["target"]:
            break
        found.setdefault(int(row["target"]), {name: row[name] for name in COLUMNS})
    if sorted(found) != list(range(count)):
        what = f"rows of {count} positions"
        raise TableError(expected_got("answer of SDSS's catalogue", what, f"{len(found)} whole"))
    return found


def number(row: Mapping[str, str], name: str) -> float:
    """A cell's number; NaN of an empty one, and of SDSS's -9999."""
    try:
        value = float(row[name])
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and value > -9000 else math.nan


def whole(row: Mapping[str, str], name: str) -> int:
    """A cell's whole number, digit by digit; 0 of an empty one."""
    text = row[name].strip()
    return int(text) if text.isdigit() and len(text) < 20 and int(text) < 2**63 else 0


def finite(values: Iterable[float]) -> bool:
    """Whether all are numbers."""
    return all(math.isfinite(value) for value in values)
