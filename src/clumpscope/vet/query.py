"""What the gallery is asked: filters, an order and a page; checked, then answered by columns."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.flags import ClumpFlag
from clumpscope.errors import TableError, did_you_mean, expected_got
from clumpscope.ops.numbers import said
from clumpscope.vet.index import Index

Hits = NDArray[np.bool_]

RANGES = ("score", "p_real", "ratio", "colour", "redshift")
SETS = {"quality": (0, 1, 2), "label": (1, 2)}
STATUS = ("undecided", "decided", "skipped")
# Of a galaxy: the highest score, chance, quality and flux ratio of its clumps, the colour of the
# bluest, and how many clumps, odd ones and flagged ones it has.
_OF_CLUMPS = ("score", "p_real", "ratio", "colour", "quality", "clumps", "odd", "flagged")
SORTS = ("id", *_OF_CLUMPS, "redshift", "uncertainty", "disagreement")
MOST = 500  # rows of a page
_TEXT = 64  # characters
_PLAIN = {"sort", "order", "offset", "limit"}
_FILTERS = {*RANGES, *SETS, "flag", "status", "id"}


@dataclass(frozen=True)
class Query:
    """One request of the gallery, all of it checked."""

    sort: str = "id"
    down: bool = False
    offset: int = 0
    limit: int = 200
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sets: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    flags: int = 0
    status: tuple[str, ...] = ()
    text: str = ""

    @classmethod
    def of(cls, given: Iterable[tuple[str, str]]) -> "Query":
        """Read the parameters of an address.

        Raises
        ------
        TableError
            If one is unknown, there twice, or has no value that it can have.
        """
        words = list(given)
        names = [name for name, _ in words]
        for name in names:
            if name not in _PLAIN | _FILTERS:
                known = sorted(_PLAIN | _FILTERS)
                hint = did_you_mean(name, known)
                raise TableError(expected_got("parameter", ", ".join(known), said(name), hint))
            if names.count(name) > 1:
                raise TableError(expected_got(f"parameter {name}", "once", "more than once"))
        asked = dict(words)
        return cls(
            sort=_one_of(asked, "sort", SORTS, "id"),
            down=_one_of(asked, "order", ("asc", "desc"), "asc") == "desc",
            offset=_number(asked, "offset", 0, 10**9),
            limit=_number(asked, "limit", 200, MOST),
            ranges={name: _range(name, asked[name]) for name in RANGES if asked.get(name)},
            sets={name: _set(name, asked[name]) for name in SETS if asked.get(name)},
            flags=_flags(asked.get("flag", "")),
            status=_statuses(asked.get("status", "")),
            text=_text(asked.get("id", "")),
        )


def _one_of(asked: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    value = asked.get(name) or default
    if value not in known:
        raise TableError(expected_got(name, " or ".join(known), said(value)))
    return value


def _number(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = asked.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most):
        raise TableError(expected_got(name, f"a number from 0 to {most}", said(text)))
    return int(text)


def _range(name: str, text: str) -> tuple[float, float]:
    """Two numbers joined by a comma, either of which may be left out."""
    low, comma, high = text.partition(",")
    try:
        ends = float(low or "-inf"), float(high or "inf")
    except ValueError:
        ends = math.nan, math.nan
    if not comma or math.isnan(ends[0]) or math.isnan(ends[1]):
        raise TableError(expected_got(name, "two numbers as 0.2,0.9", said(text)))
    return ends


def _set(name: str, text: str) -> tuple[int, ...]:
    words = text.split(",")
    if len(words) > len(SETS[name]) or any(word not in map(str, SETS[name]) for word in words):
        known = ", ".join(map(str, SETS[name]))
        raise TableError(expected_got(name, f"some of {known}, joined by commas", said(text)))
    return tuple(map(int, words))


def _flags(text: str) -> int:
    found = 0
    for word in text.split(",")[: len(ClumpFlag) + 1] if text else ():
        if word not in ClumpFlag.__members__:
            hint = did_you_mean(word, ClumpFlag.__members__)
            raise TableError(expected_got("flag", "a name of ClumpFlag", said(word), hint))
        found |= int(ClumpFlag[word])
    return found


def _statuses(text: str) -> tuple[str, ...]:
    words = tuple(text.split(",")) if text else ()
    if len(words) > len(STATUS) or any(word not in STATUS for word in words):
        raise TableError(expected_got("status", ", ".join(STATUS), said(text)))
    return words


def _text(text: str) -> str:
    if len(text) > _TEXT:
        raise TableError(expected_got("id", f"at most {_TEXT} characters", f"{len(text)}"))
    return text.lower()


def uncertainty(index: Index) -> NDArray[np.float32]:
    """(N,) how uncertain each clump is: 1 at a chance of a half, 0 where all is clear."""
    chance = index.clumps["p_real"]
    chance = np.where(np.isfinite(chance), chance, index.clumps["score"])
    found: NDArray[np.float32] = (1 - np.abs(2 * chance - 1)).astype(np.float32)
    return found


@dataclass(frozen=True, eq=False)
class Galleries:
    """What is known of galaxies from the run alone: made once, asked often.

    Attributes
    ----------
    columns
        (G,) values by the names of `SORTS`, those that change with decisions apart.
    lower
        Ids in small letters.
    """

    index: Index
    columns: Mapping[str, NDArray[Any]]
    flags: NDArray[np.int64]
    lower: list[str]

    @classmethod
    def of(cls, index: Index) -> "Galleries":
        """Of a run."""
        clumps = index.clumps
        order = np.argsort(np.array(index.ids), kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        columns: dict[str, NDArray[Any]] = {
            "id": place,
            "score": index.most(clumps["score"], np.nan),
            "p_real": index.most(clumps["p_real"], np.nan),
            "ratio": index.most(clumps["ratio"], np.nan),
            "colour": -index.most(-clumps["colour"], np.nan),
            "clumps": index.count,
            "odd": index.count_of(clumps["label"] == Label.ODD),
            "flagged": index.count_of(clumps["flags"] != 0),
            "redshift": index.redshift,
            "uncertainty": index.most(uncertainty(index), np.nan),
            "quality": index.most(clumps["quality"].astype(np.float32), np.nan),
        }
        return cls(index, columns, index.flags_of(), [one.lower() for one in index.ids])

    def hits(self, query: Query, status: NDArray[np.int8]) -> Hits:
        """(G,) galaxies that a query asks for: those with one clump that passes all its filters.

        Parameters
        ----------
        status
            (G,) of each galaxy, as a place in `STATUS`.
        """
        index, clumps = self.index, self.index.clumps
        passed: Hits | None = None
        for name, (low, high) in query.ranges.items():
            if name != "redshift":
                values = clumps[name]
                one = (values >= low) & (values <= high)
                passed = one if passed is None else passed & one
        for name, known in query.sets.items():
            one = np.isin(clumps[name], known)
            passed = one if passed is None else passed & one
        if query.flags:
            one = clumps["flags"] & query.flags == query.flags
            passed = one if passed is None else passed & one
        found = np.ones(len(index.ids), dtype=bool) if passed is None else index.with_any(passed)
        if "redshift" in query.ranges:
            low, high = query.ranges["redshift"]
            found &= (index.redshift >= low) & (index.redshift <= high)
        if query.status:
            found &= np.isin(status, [STATUS.index(word) for word in query.status])
        if query.text:
            found &= np.fromiter((query.text in one for one in self.lower), dtype=bool)
        return found

    def ordered(self, query: Query, hits: Hits, disagreement: NDArray[Any]) -> NDArray[np.intp]:
        """Rows of the galaxies that were hit, in the order asked for; unknown values last."""
        rows = np.flatnonzero(hits)
        values = disagreement if query.sort == "disagreement" else self.columns[query.sort]
        key = values[rows].astype(float)
        key = np.where(np.isnan(key), np.inf, -key if query.down else key)
        return rows[np.argsort(key, kind="stable")]

    @cached_property
    def filters(self) -> dict[str, dict[str, object]]:
        """The filters that the page may offer, with the values that there are."""
        index = self.index
        told: dict[str, dict[str, object]] = {}
        for name in RANGES:
            values = index.redshift if name == "redshift" else index.clumps[name]
            known = values[np.isfinite(values)]
            if len(known):
                ends = float(known.min()), float(known.max())
                told[name] = {"kind": "range", "min": ends[0], "max": ends[1]}
        for name, values_of in SETS.items():
            found = np.unique(index.clumps[name])
            there = [value for value in values_of if value in found]
            if there:
                told[name] = {"kind": "set", "values": there}
        all_flags = int(np.bitwise_or.reduce(self.flags)) if len(self.flags) else 0
        names = [str(flag.name) for flag in ClumpFlag if all_flags & flag]
        told["flag"] = {"kind": "set", "values": names}
        told["status"] = {"kind": "set", "values": list(STATUS)}
        told["id"] = {"kind": "text"}
        return told
