"""Results as a table and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, fields

import numpy as np

from clumpscope.stages.by_eye.answers import KINDS
from clumpscope.stages.by_eye.estimates import Result
from clumpscope.stages.by_eye.intervals import Estimate

HEAD = ("definition", "finder", "figure", "value", "low", "high", "n", "n_effective")


def table(result: Result) -> list[list[object]]:
    """`HEAD` and a row for each figure of each finder, or difference of two, and definition."""
    return [list(HEAD), *_rows(result)]


def _rows(result: Result) -> Iterator[list[object]]:
    for definition, verdict in result.verdicts.items():
        for name, marks in (verdict.finders | verdict.differences).items():
            for figure in fields(marks):
                yield [definition, name, figure.name, *_cells(getattr(marks, figure.name))]
        yield [definition, "random places", "share_of_clumps", *_cells(verdict.random)]


def _cells(one: Estimate) -> list[object]:
    numbers = (one.value, one.low, one.high)
    told: list[object] = [round(number, 3) if np.isfinite(number) else "" for number in numbers]
    return [*told, one.n, round(one.n_effective, 1)]


def document(result: Result) -> dict[str, object]:
    """The result for JSON; ``kind_order`` is that of confusions."""
    return {**asdict(result), "kind_order": KINDS}
