"""Boxes of an opened run as plain JSON: what was found, and what people made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.core.box_tables import corners_of
from clumpscope.core.flags import flag_names
from clumpscope.core.frames import boxes_fraction_to_native, boxes_native_to_fraction
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, did_you_mean, expected_got
from clumpscope.ops.numbers import said as shortly
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, Said
from clumpscope.store.labels import LABELS_FILE
from clumpscope.store.sample import Sample
from clumpscope.vet.index import Index, NoSuchError
from clumpscope.vet.ledger import Ledger, own
from clumpscope.vet.shown import Shown

Json = dict[str, Any]


@dataclass(frozen=True)
class Box:
    """A box that was found: whose, of which run, where (native pixels), and what is known of it."""

    source: str
    run: str
    xyxy: tuple[float, float, float, float]
    label: int
    told: Mapping[str, Any] = field(default_factory=dict)


class Boxes:
    """Boxes of a run by row of its galaxies: its own, those of a run beside it, labels, drawn ones.

    Parameters
    ----------
    names
        Of the run and the one beside it.
    """

    def __init__(
        self,
        sample: Sample,
        shown: Shown,
        index: Index,
        beside: Index | None,
        names: list[str],
        ledger: Ledger,
    ) -> None:
        self.sample, self.shown, self.index, self.beside = sample, shown, index, beside
        self.names, self.ledger = names, ledger

    def small(self, row: int) -> list[list[float]]:
        """x1, y1, x2, y2 (native pixels), label and score of each clump, for the gallery."""
        rows = self.index.rows(row)
        clumps = self.index.clumps
        return [
            [*(round(float(value), 2) for value in box), int(label), round(float(score), 3)]
            for box, label, score in zip(
                self.index.box[rows], clumps["label"][rows], clumps["score"][rows], strict=True
            )
        ]

    @cached_property
    def unmatched(self) -> NDArray[np.int32]:
        """(G,) boxes that only one of the two runs has."""
        found = np.zeros(len(self.index.ids), dtype=np.int32)
        if self.beside is not None:
            for row in np.flatnonzero(self.index.count + self.beside.count).tolist():
                one = self.index.box[self.index.rows(row)].astype(float)
                other = self.beside.box[self.beside.rows(row)].astype(float)
                both = int((stage.rematched(one, other) >= 0).sum())
                found[row] = len(one) + len(other) - 2 * both
        return found

    def found(self, row: int) -> dict[str, Box]:
        """Boxes of a galaxy by key: of the run, of the one beside it, and labels.

        Raises
        ------
        StoreError, TableError, ImageError
            If the sample's labels, or the shape of the image that they lie on, cannot be read.
        """
        boxes = {}
        rows = self.index.rows(row)
        for k, key in zip(range(rows.start, rows.stop), self.index.keys(row), strict=True):
            boxes[key] = _box_of(self.index, k, "model", self.names[0])
        if self.beside is not None:
            rows = self.beside.rows(row)
            for k in range(rows.start, rows.stop):
                boxes[f"o{int(self.beside.number[k])}"] = _box_of(
                    self.beside, k, "other", self.names[1]
                )
        labels = self._labels
        if labels is not None:
            table, of = labels
            rows_of = of.get(self.index.ids[row], np.array([], dtype=np.intp))
            native = boxes_fraction_to_native(corners_of(table[rows_of]), self.shown.shape(row))
            kinds = plain(table, "label")[rows_of].tolist()
            for k, (box, kind) in enumerate(zip(native.tolist(), kinds, strict=True), start=1):
                if np.isfinite(box).all():
                    boxes[f"l{k}"] = Box("label", "", tuple(box), int(kind))
        return boxes

    @cached_property
    def _labels(self) -> tuple[QTable, dict[str, NDArray[np.intp]]] | None:
        if not (self.sample.folder / LABELS_FILE).is_file():
            return None
        table = self.sample.labels()
        return table, rows_by_id(table)

    def told(self, row: int, by: str) -> list[Json]:
        """All boxes of a galaxy as one person has them.

        Raises
        ------
        StoreError, TableError, ImageError
            As `found`.
        """
        said, found = self.ledger.boxes(row), self.found(row)
        keys = [*found, *(key for key in said if key not in found)]
        told = (self._one(row, key, by, found.get(key), said.get(key, [])) for key in keys)
        return [one for one in told if one is not None]

    def one(self, row: int, key: str, by: str) -> Json | None:
        """A box as one person has it; ``None`` if nobody has it any more.

        Raises
        ------
        StoreError, TableError, ImageError
            As `found`.
        """
        said = self.ledger.boxes(row).get(key, [])
        return self._one(row, key, by, self.found(row).get(key), said)

    def _one(self, row: int, key: str, by: str, box: Box | None, said: list[Said]) -> Json | None:
        mine = own(said, by)
        drawn = next((one for one in said if one.state.source == "drawn"), None)
        if box is None:
            if drawn is None or (mine or drawn).state.deleted:
                return None
            box = Box("drawn", "", drawn.state.px, drawn.state.label)
        state = mine.state if mine else None
        x1, y1, x2, y2 = state.px if state else box.xyxy
        return {
            "key": key,
            "source": box.source,
            "run": box.run,
            "drawn_by": _drawer(drawn) if drawn else None,
            **dict(zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True)),
            "label": box.label,
            "score": None,
            "p_real": None,
            "quality": None,
            "ratio": None,
            "flags": [],
            "fluxes": {},
            "colours": {},
            **box.told,
            "state": state.state if state else "undecided",
            "decided_label": (state.label or None) if state else None,
            "moved": bool(state and state.box != state.origin),
            "comment": state.comment if state else "",
            "by": by if state else None,
            "at": mine.at if mine else None,
            "version": self.ledger.version(row, key, by),
            "others": [
                {"by": one.by, "state": one.state.state, "label": one.state.label or None}
                for one in said
                if one.by != by and one.state.decided
            ],
        }

    def start(self, row: int, key: str, by: str, action: str) -> tuple[BoxState, int]:
        """A box on which a person has not decided, and what it is called.

        Raises
        ------
        TableError
            If there is no such box, it is none to decide on, or another's to delete.
        ImageError
            If the image's shape cannot be read.
        """
        box = self.found(row).get(key)
        if box is not None and box.source != "model":
            raise TableError(expected_got("box", "one of the run, or drawn", f"a {box.source} one"))
        if box is not None:
            shape = self.shown.shape(row)
            x1, y1, x2, y2 = boxes_native_to_fraction([box.xyxy], shape)[0].tolist()
            return BoxState(box.source, (x1, y1, x2, y2), (x1, y1, x2, y2), shape), box.label
        said = self.ledger.boxes(row).get(key, [])
        first = next((one for one in said if one.state.source == "drawn"), None)
        if first is None:
            keys = list(self.found(row))
            raise NoSuchError(
                expected_got("box", "one of the galaxy", shortly(key), did_you_mean(key, keys))
            )
        drawn = first.state
        if own(said, by) is None and drawn.deleted:
            raise NoSuchError(expected_got("box", "one that is still there", shortly(key)))
        if action == "delete" and _drawer(first) != by:
            whose = f"one that {_drawer(first)} drew"
            raise TableError(expected_got("delete", "a box of one's own", whose, "reject it"))
        origin, drawer = drawn.origin, _drawer(first)
        return BoxState("drawn", origin, origin, drawn.shape, drawn_by=drawer), drawn.label


def _drawer(said: Said) -> str:
    """Who drew a box; in decisions that do not tell, whoever spoke of it first."""
    return said.state.drawn_by or said.by


def _box_of(index: Index, k: int, source: str, run: str) -> Box:
    clumps = index.clumps
    x1, y1, x2, y2 = (round(float(value), 3) for value in index.box[k])
    fluxes = {
        band: [float(index.flux[k, b]), float(index.flux_err[k, b])]
        for b, band in enumerate(index.bands)
        if np.isfinite(index.flux[k, b])
    }
    return Box(
        source=source,
        run=run,
        xyxy=(x1, y1, x2, y2),
        label=int(clumps["label"][k]),
        told={
            **{name: float(clumps[name][k]) for name in ("score", "p_real", "ratio")},
            "quality": whole_or_none(clumps["quality"][k]),
            "flags": flag_names(int(clumps["flags"][k])),
            "fluxes": fluxes,
            "colours": {
                name: float(values[k])
                for name, values in index.colours.items()
                if np.isfinite(values[k])
            },
        },
    )


def whole_or_none(value: float) -> int | None:
    """A number as a whole one, ``None`` where it is none or negative."""
    return int(value) if np.isfinite(value) and value >= 0 else None
