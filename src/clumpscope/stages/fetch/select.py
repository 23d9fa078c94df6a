"""The sample of Galaxy Zoo: Clump Scout, as SQL and as cuts on a table of Galaxy Zoo 2.

Popp et al. 2024 (Table 1) chose galaxies of Galaxy Zoo 2 with a spectroscopic redshift in a range,
which most volunteers did not call smooth. The range, and which fraction of votes, are not in their
text as it is known to us: 0.02 to 0.25 and the plain fraction below a half are our reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got
from clumpscope.ops.columns import by_name
from clumpscope.stages.fetch.columns import magnitudes_beside

REDSHIFTS = (0.02, 0.25)
MOST_SMOOTH = 0.5
_VOTES = "t01_smooth_or_features_a01_smooth"
_REDSHIFT = ("redshift", "specz", "zspec")
_SMOOTH = tuple(f"t01smoothorfeaturesa01smooth{kind}" for kind in ("fraction", "weightedfraction"))
_CLEAN, _WARNING = ("clean",), ("zwarning",)


@dataclass(frozen=True)
class Step:
    """One cut.

    Attributes
    ----------
    what
        What stays.
    count
        How many do.
    published
        How many did in Table 1; ``None`` where it has no such line.
    """

    what: str
    count: int
    published: int | None

    def __str__(self) -> str:
        told = "" if self.published is None else f" (Table 1: {self.published:,})"
        return f"{self.count:,} {self.what}{told}"


def paper_sql() -> str:
    """SQL of SDSS's catalogue for the sample: ids, positions and redshifts, no other cut."""
    low, high = REDSHIFTS
    lines = (
        "SELECT v.dr8objid AS objid, v.dr7objid, v.specobjid, p.ra, p.dec, s.z AS redshift,",
        f"  v.{_VOTES}_fraction",
        "FROM zoo2MainSpecz AS v",
        "JOIN PhotoPrimary AS p ON p.objID = v.dr8objid",
        "JOIN SpecObj AS s ON s.specObjID = v.specobjid",
        f"WHERE s.z > {low} AND s.z < {high} AND s.zWarning = 0 AND p.clean = 1",
        f"  AND v.{_VOTES}_fraction < {MOST_SMOOTH}",
    )
    return "\n".join(lines)


def paper_sample(table: Table, where: object = "table") -> tuple[NDArray[np.bool_], list[Step]]:
    """Which rows of a table of Galaxy Zoo 2 belong to the sample, and how many stay at each cut.

    Needed are a redshift and `t01_smooth_or_features_a01_smooth_fraction`; cut on where they
    are there are `zWarning` (0) and `clean` (1).

    Parameters
    ----------
    table
        (N,) rows; names of columns match without regard to case and signs.

    Returns
    -------
    (N,) whether a row stays, and the cuts.

    Raises
    ------
    TableError
        If a needed column is not there.
    """
    theirs = by_name(table.colnames)
    names = _REDSHIFT if magnitudes_beside(theirs) else (*_REDSHIFT, "z")
    redshift = _numbers(table, theirs, names, where)
    smooth = _numbers(table, theirs, _SMOOTH, where)
    spectroscopic = np.isfinite(redshift) & (redshift > 0)
    if _WARNING[0] in theirs:
        spectroscopic &= _numbers(table, theirs, _WARNING, where) == 0
    low, high = REDSHIFTS
    cuts = [
        ("in the table (Galaxy Zoo 2)", np.ones(len(table), dtype=bool), 304_122),
        ("with a spectroscopic redshift", spectroscopic, 243_500),
        (f"of redshift {low} to {high}", (redshift > low) & (redshift < high), 225_085),
        (f"called smooth by less than {MOST_SMOOTH:.0%}", smooth < MOST_SMOOTH, 53_613),
    ]
    kept, steps = np.ones(len(table), dtype=bool), []
    for what, stays, published in cuts:
        kept &= stays
        steps.append(Step(what, int(kept.sum()), published))
    if _CLEAN[0] in theirs:
        kept &= _numbers(table, theirs, _CLEAN, where) == 1
        steps.append(Step("with clean photometry", int(kept.sum()), None))
    return kept, steps


def _numbers(
    table: Table, theirs: Mapping[str, str], names: tuple[str, ...], where: object
) -> NDArray[np.float64]:
    found = next((theirs[name] for name in names if name in theirs), None)
    if found is None:
        raise TableError(expected_got(where, f"a column {names[0]}", ", ".join(table.colnames)))
    try:
        column = np.ma.asarray(table[found]).astype(float)
    except (TypeError, ValueError) as error:
        raise TableError(expected_got(f"{where}: column {found}", "numbers", error)) from error
    return np.asarray(np.ma.filled(column, np.nan))
