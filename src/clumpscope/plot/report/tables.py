"""What a report tells in tables: pure counts of a run's own tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.table import QTable

from clumpscope.core.boxes import Label
from clumpscope.core.flags import DESCRIPTIONS, ClumpFlag
from clumpscope.core.quality import MEANINGS, OF_QUALITY, quality
from clumpscope.core.remedies import remedy
from clumpscope.core.schema import plain

_FAILURES = 50  # rows of kinds of failures
_IDS = 5  # galaxies told by id


@dataclass(frozen=True)
class Grid:
    """A table of the page; columns whose head is in ``numeric`` are set to the right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    numeric: frozenset[str] = frozenset()


def by_quality(clumps: QTable) -> Grid:
    """Clumps of each quality and label."""
    level, label = quality(plain(clumps, "flags")), plain(clumps, "clump_label_id")
    kinds = (label == Label.CLUMP, label == Label.ODD, label > 0)
    rows = [
        (name, *(int(np.sum(here & one)) for one in kinds))
        for name, here in (
            *((f"{number}: {meaning}", level == number) for number, meaning in MEANINGS.items()),
            ("all", level >= 0),
        )
    ]
    head = ("quality", "clumps", "odd clumps", "both")
    return Grid("Clumps by quality", head, rows, frozenset(head[1:]))


def by_flag(clumps: QTable) -> Grid:
    """Flags that any clump has, the most common first."""
    flags = plain(clumps, "flags").astype(np.int64)
    counts = {flag: int(np.sum(flags & int(flag) > 0)) for flag in ClumpFlag}
    rows = [
        (flag.name, count, f"{100 * count / len(flags):.1f} %", _level(flag), DESCRIPTIONS[flag])
        for flag, count in sorted(counts.items(), key=lambda item: -item[1])
        if count
    ]
    head = ("flag", "clumps", "share", "quality", "meaning")
    return Grid("Flags of the clumps", head, rows, frozenset(head[1:4]))


def _level(flag: ClumpFlag) -> str:
    return next((str(level) for level, flags in OF_QUALITY.items() if flag in flags), "–")


def failures_grid(failures: QTable) -> Grid:
    """Failures that are alike together, with what to do about them."""
    kinds: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in failures:
        galaxy, stage, error = (str(row[name]) for name in ("galaxy_id", "stage", "error"))
        alike = re.sub(rf"(?<!\w){re.escape(galaxy)}(?!\w)|\d[\d.]*", "#", error)
        kinds.setdefault((stage, alike), []).append((galaxy, error))
    ordered = sorted(kinds.items(), key=lambda item: -len(item[1]))
    rows = []
    for (stage, _), found in ordered[:_FAILURES]:
        ids = ", ".join(galaxy for galaxy, _ in found[:_IDS])
        more = f" and {len(found) - _IDS:,} more" if len(found) > _IDS else ""
        rows.append((stage, len(found), ids + more, found[0][1], remedy(found[0][1])))
    left = sum(len(found) for _, found in ordered[_FAILURES:])
    if left:
        rows.append(("others", left, "see failures.csv", "", ""))
    head = ("stage", "galaxies", "which", "error (of the first)", "what to do")
    return Grid("Galaxies that failed", head, rows, frozenset({"galaxies"}))


def columns_grid(clumps: QTable) -> Grid:
    """Each column of the clump table with its unit and meaning."""
    rows = [
        (
            name,
            clumps[name].unit.to_string("unicode") if isinstance(clumps[name], u.Quantity) else "",
            clumps[name].info.description or "",
        )
        for name in clumps.colnames
    ]
    return Grid(f"The {len(rows)} columns", ("column", "unit", "what it is"), rows)
