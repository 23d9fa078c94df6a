"""What ``evaluate`` left beside a run, as far as it is there and can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.schema import plain
from clumpscope.errors import ClumpscopeError, FolderError, expected_got, reason
from clumpscope.files.regular import regular
from clumpscope.store.json_text import parse_json
from clumpscope.store.tables import read_parquet

_SCHEMA = 2  # of metrics.json
_MOST_MB = 100
_CURVES = (
    *("finder", "kind", "flux_ratio", "against", "low", "high"),
    *(f"{share}{end}" for share in ("completeness", "purity") for end in ("", "_low", "_high")),
)
_FOUND = ("finder", "galaxy_id", "clump_id", "real")


@dataclass(frozen=True, eq=False)
class EvaluationFiles:
    """The files of ``RUN/evaluation``.

    Attributes
    ----------
    metrics
        What ``metrics.json`` says; empty without.
    curves, found
        ``curves.parquet`` and ``found.parquet``; without, or without the columns that a reader
        needs, empty tables.
    problems
        Why a file that is there was not read.
    """

    metrics: Mapping[str, Any] = field(default_factory=dict)
    curves: Table = field(default_factory=QTable)
    found: Table = field(default_factory=QTable)
    problems: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.metrics or len(self.curves) or len(self.found) or self.problems)

    @property
    def finders(self) -> list[str]:
        """Names of what was compared, the run first."""
        return list(_within(self.metrics, "finders"))

    @property
    def headline(self) -> str:
        """The flux ratio that curves are told for: "all", "3pct" or "8pct"."""
        return str(self.metrics.get("headline", "3pct"))

    def of(self, finder: str, *keys: str) -> Mapping[str, Any]:
        """What the metrics say of a finder in a place; empty if nothing."""
        return _within(self.metrics, "finders", finder, *keys)


def _within(place: Any, *keys: str) -> Mapping[str, Any]:  # noqa: ANN401  (JSON holds anything)
    for key in keys:
        place = place.get(key) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping) else {}


def read_evaluation(run: Path) -> EvaluationFiles:
    """Read what is there; nothing of it fails the reader, what cannot be read is told."""
    folder, problems = run / "evaluation", []
    content: dict[str, Any] = {}
    for name, path in (
        ("metrics", folder / "metrics.json"),
        ("curves", folder / "curves.parquet"),
        ("found", folder / "found.parquet"),
    ):
        if not path.exists():
            continue
        try:
            if name == "metrics":
                content[name] = _metrics(path)
            else:
                content[name] = _table(path, _CURVES if name == "curves" else _FOUND)
        except (ClumpscopeError, OSError, ValueError) as error:
            problems.append(f"{reason(error)}; evaluate the run again")
    return EvaluationFiles(**content, problems=tuple(problems))


def _metrics(path: Path) -> Mapping[str, Any]:
    found = parse_json(regular(path, FolderError, _MOST_MB).read_text(encoding="utf-8"))
    version = _within(found).get("schema_version")
    if version != _SCHEMA:
        raise FolderError(expected_got(path, f"schema version {_SCHEMA}", version))
    return _within(found)


def _table(path: Path, names: tuple[str, ...]) -> Table:
    table = read_parquet(path)
    missing = [name for name in names if name not in table.colnames]
    if missing:
        raise FolderError(expected_got(path, f"columns {', '.join(names)}", table.colnames))
    words = ("finder", "kind", "flux_ratio", "against", "galaxy_id")
    for name in names:
        if name in words:
            table[name] = plain(table, name).astype(str)
        else:
            table[name] = np.ma.filled(np.ma.asarray(table[name]).astype(float), np.nan)
    return table
