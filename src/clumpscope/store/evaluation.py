"""What ``evaluate`` left beside a run, as far as it is there and can be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, Table

from clumpscope.core.schema import plain
from clumpscope.errors import ClumpscopeError, FolderError, reason
from clumpscope.files.regular import regular
from clumpscope.store.json_text import parse_json
from clumpscope.store.tables import read_parquet

_MOST_MB = 100


@dataclass(frozen=True, eq=False)
class EvaluationFiles:
    """The files of ``RUN/evaluation``.

    Attributes
    ----------
    metrics
        What ``metrics.json`` says; empty without.
    curves, found
        ``curves.parquet`` and ``found.parquet``; empty tables without.
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

    def share(self, *keys: str) -> tuple[float, float, float, int] | None:
        """Value, low, high and n of a share in the metrics; ``None`` if there is none."""
        place: Any = self.metrics
        for key in keys:
            place = place.get(key) if isinstance(place, Mapping) else None
        if not isinstance(place, Mapping):
            return None
        found: list[Any] = [place.get(key) for key in ("value", "low", "high", "n")]
        if not all(isinstance(one, int | float) for one in found):
            return None
        value, low, high, count = map(float, found)
        return value, low, high, int(count)


def read_evaluation(run: Path) -> EvaluationFiles:
    """Read what is there; nothing of it fails the reader, what cannot be read is told."""
    folder, problems = run / "evaluation", []
    content: dict[str, Any] = {"metrics": {}, "curves": QTable(), "found": QTable()}
    for name, path in (
        ("metrics", folder / "metrics.json"),
        ("curves", folder / "curves.parquet"),
        ("found", folder / "found.parquet"),
    ):
        if not path.exists():
            continue
        try:
            content[name] = _metrics(path) if name == "metrics" else read_parquet(path)
        except (ClumpscopeError, OSError, ValueError) as error:
            problems.append(reason(error))
    return EvaluationFiles(**content, problems=tuple(problems))


def _metrics(path: Path) -> dict[str, Any]:
    found = parse_json(regular(path, FolderError, _MOST_MB).read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise FolderError(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found


def numbers(table: Table, *names: str) -> list[np.ndarray] | None:
    """Columns of a table as floats; ``None`` if one is missing or holds no numbers."""
    if not set(names) <= set(table.colnames):
        return None
    try:
        return [plain(table, name).astype(float) for name in names]
    except ValueError:
        return None
