"""An opened run on which people decide: what the page asks, answered as plain JSON."""

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.flags import DESCRIPTIONS, ClumpFlag, flag_names
from clumpscope.core.frames import boxes_fraction_to_native, boxes_native_to_fraction
from clumpscope.core.galaxy import AnyImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import ClumpscopeError, TableError, did_you_mean, expected_got
from clumpscope.jobs.carried import Carried, carry
from clumpscope.ops.numbers import said as shortly
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, GalaxyState, Said
from clumpscope.stages.vet.state import OF_BOX, drawn_box
from clumpscope.store.decisions import FILE, WHOLE, Decisions
from clumpscope.store.events import Event, State
from clumpscope.store.labels import LABELS_FILE
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.vet import pictures
from clumpscope.vet.galaxy import Facts, Lately, facts
from clumpscope.vet.index import Index, indexed
from clumpscope.vet.ledger import Ledger, own
from clumpscope.vet.pictures import Kept, Look, Thumbs
from clumpscope.vet.query import SORTS, STATUS, Galleries, Query

CACHE = ".vet-cache"
_PICTURES, _SMALL = 48 * 2**20, 24 * 2**20  # bytes in memory
_FILES = 20_000  # small pictures on disk
_AT_ONCE = 4  # pictures that are made
_MOST_BOXES = 500  # drawn in a galaxy

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A decision as a client asks for it; see `Desk.decide`."""

    galaxy: str
    action: str
    request: str
    box: str | None = None
    value: object = None
    version: int | None = None


@dataclass(frozen=True)
class _Box:
    """A box that was found: whose, of which run, where (native pixels), and what is known of it."""

    source: str
    run: str
    xyxy: tuple[float, float, float, float]
    label: int
    told: Mapping[str, Any] = field(default_factory=dict)


class Desk:
    """A run with its sample, its decisions, and another run beside it, if one is given.

    Parameters
    ----------
    folder
        The run's.
    read_only
        Whether nobody may decide.
    beside
        Folder of another run on the same sample.

    Raises
    ------
    StoreError, TableError
        If a run or its sample cannot be read, or the decisions in it cannot.
    """

    def __init__(
        self, folder: Path, *, read_only: bool = False, beside: Path | None = None
    ) -> None:
        self.folder, self.read_only = folder, read_only
        run = Run(folder)
        self.recipe: Recipe = run.recipe()
        self.sample: Sample = run.sample()
        self.index: Index = indexed(folder, self.sample)
        self.beside: Index | None = indexed(beside, self.sample) if beside else None
        self.models = [_model(one) for one in (folder, beside) if one is not None]
        self.names = [one.resolve().name for one in (folder, beside) if one is not None]
        self.galleries = Galleries.of(self.index)
        self.decisions = Decisions(folder / FILE, read_only=read_only)
        self.carried = Carried(0, []) if read_only else self._carried()
        self.ledger = Ledger(self.decisions, self.index)
        self.ledger.follow()
        self._images: Lately[AnyImage] = Lately(6)
        self._facts: Lately[Facts] = Lately(200)
        self._shapes: Lately[tuple[int, int]] = Lately(5000)
        self._large, self._small = Kept(_PICTURES), Kept(_SMALL)
        if not read_only:
            self._sweep()
        self._thumbs = Thumbs(folder / CACHE / self.tag, _FILES)
        self._making = threading.Semaphore(_AT_ONCE)

    def close(self) -> None:
        """Let go of the decisions' file."""
        self.decisions.close()

    def _sweep(self) -> None:
        """Take away small pictures of the run as it was before."""
        cache = self.folder / CACHE
        for old in cache.iterdir() if cache.is_dir() else ():
            if old.name != self.tag and old.is_dir() and not old.is_symlink():
                shutil.rmtree(old, ignore_errors=True)

    @cached_property
    def tag(self) -> str:
        """Hash of run and sample, as far as pictures depend on them."""
        settings = self.recipe.model_dump(mode="json", include={"sample", "composite"})
        return sha256_json([self.index.key, settings, str(self.sample.folder)])[:16]

    def _carried(self) -> Carried:
        def found(galaxy_id: str) -> tuple[list[str], NDArray[np.float64]]:
            row = self.row(galaxy_id)
            boxes = self.index.box[self.index.rows(row)].astype(float)
            return self.index.keys(row), boxes_native_to_fraction(boxes, self._grid(row))

        return carry(self.decisions, self.index.key, found)

    def row(self, galaxy_id: str) -> int:
        """Row of a galaxy.

        Raises
        ------
        TableError
            If the run has none of that id.
        """
        row = self.index.row.get(galaxy_id)
        if row is None:
            raise NoSuchError(expected_got("galaxy", "one of the run", shortly(galaxy_id)))
        return row

    # What the gallery asks

    def session(self, by: str) -> Json:
        """What a page needs to begin."""
        self.ledger.follow()
        return {
            "run": self.names[0],
            "sample": self.sample.folder.resolve().name,
            "beside": self.names[1] if self.beside else None,
            "vetter": by,
            "read_only": self.read_only,
            "blind": False,
            "galaxies": len(self.index.ids),
            "clumps": len(self.index.number),
            "models": self.models,
            "bands": list(self.index.bands),
            "colours": list(self.index.colours),
            "filters": self.galleries.filters,
            "sorts": list(SORTS),
            "flags": {str(flag.name): DESCRIPTIONS[flag] for flag in ClumpFlag},
            "lost": [{"galaxy": one, "box": box} for one, box in self.carried.lost],
            "carried": self.carried.kept,
            "revision": self.ledger.revision,
            "tag": self.tag,
            "keys_help": {},
        }

    def galaxies(self, query: Query, by: str) -> Json:
        """A page of the gallery."""
        self.ledger.follow()
        status, apart = self.ledger.status(by), self.disagreement()
        rows = self._asked(query, by)
        page = rows[query.offset : query.offset + query.limit].tolist()
        columns, counts = self.galleries.columns, self.index.count
        told = []
        for row in page:
            decided = self.ledger.decided(by, row)
            told.append(
                {
                    "id": self.index.ids[row],
                    "clumps": int(counts[row]),
                    "undecided": int(counts[row]) - decided,
                    "decided": decided,
                    **{
                        name: float(columns[name][row])
                        for name in ("score", "p_real", "redshift", "uncertainty")
                    },
                    "quality": _whole(columns["quality"][row]),
                    "flags": flag_names(int(self.galleries.flags[row])),
                    "disagreement": int(apart[row]),
                    "status": STATUS[status[row]],
                    "longest_px": float(self.index.longest[row]),
                    "boxes": self._thumb_boxes(row),
                }
            )
        return {"total": len(rows), "offset": query.offset, "rows": told}

    def _asked(self, query: Query, by: str) -> NDArray[np.intp]:
        hits = self.galleries.hits(query, self.ledger.status(by))
        return self.galleries.ordered(query, hits, self.disagreement())

    def _thumb_boxes(self, row: int) -> list[list[float]]:
        """x1, y1, x2, y2 (native pixels), label and score of each clump of a galaxy."""
        rows = self.index.rows(row)
        clumps = self.index.clumps
        return [
            [*(round(float(value), 2) for value in box), int(label), round(float(score), 3)]
            for box, label, score in zip(
                self.index.box[rows], clumps["label"][rows], clumps["score"][rows], strict=True
            )
        ]

    def disagreement(self) -> NDArray[np.int32]:
        """(G,) boxes on which people, or the two runs, differ."""
        return self.ledger.differing + self._unmatched

    @cached_property
    def _unmatched(self) -> NDArray[np.int32]:
        """(G,) boxes that only one of the two runs has."""
        found = np.zeros(len(self.index.ids), dtype=np.int32)
        if self.beside is not None:
            for row in np.flatnonzero(self.index.count + self.beside.count).tolist():
                one = self.index.box[self.index.rows(row)].astype(float)
                other = self.beside.box[self.beside.rows(row)].astype(float)
                both = int((stage.rematched(one, other) >= 0).sum())
                found[row] = len(one) + len(other) - 2 * both
        return found

    # One galaxy

    def galaxy(self, galaxy_id: str, by: str, query: Query) -> Json:
        """All of one galaxy; its neighbours are those in the gallery that is asked for.

        Raises
        ------
        TableError
            If there is none of that id.
        ImageError
            If its image cannot be read.
        """
        row = self.row(galaxy_id)
        self.ledger.follow()
        known = self._facts.get(row, self._make_facts)
        rows = self._asked(query, by)
        place = np.flatnonzero(rows == row)
        at = int(place[0]) if len(place) else -1
        ids = self.index.ids
        whole = self.ledger.galaxy(row, by)
        return {
            **known.told,
            "previous": ids[rows[at - 1]] if at > 0 else None,
            "next": ids[rows[at + 1]] if 0 <= at < len(rows) - 1 else None,
            "place": at if at >= 0 else None,
            "total": len(rows),
            "boxes": self._boxes(row, by),
            "nothing_missed": whole.nothing_missed,
            "skipped": whole.skipped,
            "comment": whole.comment,
            "status": STATUS[self.ledger.status(by)[row]],
            "revision": self.ledger.revision,
        }

    def _grid(self, row: int) -> tuple[int, int]:
        """Shape of a galaxy's image, from its headers."""
        return self.sample.grid(row, self.recipe.sample, self.recipe.limits).shape

    def _shape(self, row: int) -> tuple[int, int]:
        return self._shapes.get(row, self._grid)

    def _read(self, row: int) -> AnyImage:
        with self._making:
            return self.sample.read_starred(row, self.recipe.sample, self.recipe.limits)

    def _make_facts(self, row: int) -> Facts:
        image = self._images.get(row, self._read)
        return facts(image, self.recipe, float(self.index.redshift[row]))

    def _found(self, row: int) -> dict[str, _Box]:
        """Boxes of a galaxy by key: of the run, of the one beside it, and labels."""
        boxes = {}
        for k, key in zip(self._clump_rows(row), self.index.keys(row), strict=True):
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
            native = boxes_fraction_to_native(corners_of(table[rows_of]), self._shape(row))
            kinds = plain(table, "label")[rows_of].tolist()
            for k, (box, kind) in enumerate(zip(native.tolist(), kinds, strict=True), start=1):
                if np.isfinite(box).all():
                    boxes[f"l{k}"] = _Box("label", "", tuple(box), int(kind))
        return boxes

    def _clump_rows(self, row: int) -> range:
        rows = self.index.rows(row)
        return range(rows.start, rows.stop)

    @cached_property
    def _labels(self) -> tuple[QTable, dict[str, NDArray[np.intp]]] | None:
        if not (self.sample.folder / LABELS_FILE).is_file():
            return None
        table = self.sample.labels()
        return table, rows_by_id(table)

    def _boxes(self, row: int, by: str) -> list[Json]:
        said, found = self.ledger.boxes(row), self._found(row)
        keys = [*found, *(key for key in said if key not in found)]
        told = (self._box(row, key, by, found.get(key), said.get(key, [])) for key in keys)
        return [one for one in told if one is not None]

    def _box(self, row: int, key: str, by: str, box: _Box | None, said: list[Said]) -> Json | None:
        """A box as one person has it; ``None`` if nobody has it any more."""
        mine = own(said, by)
        drawn = next((one for one in said if one.state.source == "drawn"), None)
        if box is None:
            if drawn is None or (mine or drawn).state.deleted:
                return None
            box = _Box("drawn", "", drawn.state.px, drawn.state.label)
        state = mine.state if mine else None
        x1, y1, x2, y2 = state.px if state else box.xyxy
        return {
            "key": key,
            "source": box.source,
            "run": box.run,
            "drawn_by": drawn.by if drawn else None,
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

    # Decisions

    def decide(self, by: str, asked: Asked) -> Json:
        """Keep a decision of a person; the galaxy and box as they are then.

        Raises
        ------
        TableError
            If galaxy, box, action or value are none that can be.
        ConflictError
            If the person has decided on the box elsewhere since.
        StoreError
            If it cannot be written.
        """
        row = self.row(asked.galaxy)
        if asked.action in ("undo", "redo"):
            turn = getattr(self.decisions, asked.action)
            event = turn(by, self.index.key, request=asked.request)
        else:
            event = self._add(by, row, asked)
        self.ledger.follow()
        if event is None:
            return {"revision": self.ledger.revision, "done": False, "galaxy": None, "box": None}
        return {"revision": event.revision, "done": True, **self.told(event, by)}

    def _add(self, by: str, row: int, asked: Asked) -> Event:
        key, change = self._change(by, row, asked)
        return self.decisions.add(
            by,
            self.index.key,
            asked.galaxy,
            key,
            asked.action,
            change,
            request=asked.request,
            version=None if key in (WHOLE, None) else asked.version,
        )

    def _change(
        self, by: str, row: int, asked: Asked
    ) -> tuple[str | None, Callable[[State | None], State]]:
        """The key of what is decided on, ``None`` for a new box, and what becomes of it."""
        if asked.action == "draw":
            if len(self.ledger.boxes(row)) > _MOST_BOXES:
                raise TableError(expected_got("boxes", f"at most {_MOST_BOXES}", "one more"))
            drawn = drawn_box(asked.value, self._shape(row)).plain()
            return None, lambda _: drawn
        if asked.box is None:
            return WHOLE, lambda before: stage.changed_galaxy(
                GalaxyState.of(before) if before else GalaxyState(), asked.action, asked.value
            ).plain()
        if asked.action not in OF_BOX:
            raise TableError(expected_got("action on a box", ", ".join(OF_BOX), asked.action))
        start, label = self._start(row, asked.box, by)

        def change(before: State | None) -> State:
            state = BoxState.of(before) if before else start
            return stage.changed_box(state, asked.action, asked.value, label).plain()

        return asked.box, change

    def _start(self, row: int, key: str, by: str) -> tuple[BoxState, int]:
        """A box on which a person has not decided, and what it is called.

        Raises
        ------
        TableError
            If there is no such box, or it is another's to take away.
        """
        box = self._found(row).get(key)
        if box is not None:
            shape = self._shape(row)
            x1, y1, x2, y2 = boxes_native_to_fraction([box.xyxy], shape)[0].tolist()
            return BoxState(box.source, (x1, y1, x2, y2), (x1, y1, x2, y2), shape), box.label
        said = self.ledger.boxes(row).get(key, [])
        drawn = next((one.state for one in said if one.state.source == "drawn"), None)
        if drawn is None:
            keys = list(self._found(row))
            raise NoSuchError(
                expected_got("box", "one of the galaxy", shortly(key), did_you_mean(key, keys))
            )
        if own(said, by) is None and drawn.deleted:
            raise NoSuchError(expected_got("box", "one that is still there", shortly(key)))
        origin = drawn.origin
        return BoxState("drawn", origin, origin, drawn.shape), drawn.label

    def told(self, event: Event, by: str) -> Json:
        """What an event changed, as one person has it now."""
        row = self.row(event.galaxy)
        whole = self.ledger.galaxy(row, by)
        box = None
        if event.box != WHOLE:
            said = self.ledger.boxes(row).get(event.box, [])
            box = self._box(row, event.box, by, self._found(row).get(event.box), said)
        return {
            "action": event.action,
            "by": event.by,
            "at": event.at,
            "galaxy": {
                "id": event.galaxy,
                **whole.plain(),
                "decided": self.ledger.decided(by, row),
                "undecided": int(self.index.count[row]) - self.ledger.decided(by, row),
                "status": STATUS[self.ledger.status(by)[row]],
            },
            "key": event.box or None,
            "box": box,
        }

    def changes(self, since: int, by: str, most: int = 500) -> Json:
        """What has changed after a revision, as one person has it now.

        Raises
        ------
        StoreError
            If decisions cannot be read.
        """
        self.ledger.follow()
        events = self.decisions.since(since, most)
        last = events[-1].revision if events else max(since, self.ledger.revision)
        mine = [one for one in events if one.run == self.index.key and one.galaxy in self.index.row]
        return {
            "revision": last,
            "changes": [{"revision": one.revision, **self.told(one, by)} for one in mine],
        }

    def document(self, how: str = "latest") -> Json:
        """All decisions, for others; see `stages.vet.document`."""
        self.ledger.follow()
        boxes, galaxies = self.ledger.all_boxes(), self.ledger.all_galaxies()
        keys = {one: self.index.keys(self.index.row[one]) for one in {*boxes, *galaxies}}
        return stage.document(boxes, galaxies, self.index.key, how, keys)

    def rows(self) -> list[list[object]]:
        """All decisions, as rows of a CSV."""
        self.ledger.follow()
        return stage.rows(self.ledger.all_boxes())

    def agreement(self) -> stage.Agreement:
        """How far people agree on the run's boxes."""
        self.ledger.follow()
        boxes = self.ledger.all_boxes().values()
        return stage.agreement(said for keys in boxes for said in keys.values())

    # Pictures

    def picture(self, galaxy_id: str, look: Look) -> bytes:
        """A galaxy as PNG, its native pixels, the first row at the bottom.

        Raises
        ------
        TableError
            If there is no such galaxy or band.
        ImageError
            If its image cannot be read or shown.
        """
        row = self.row(galaxy_id)
        key = f"{row} {look}"
        content = self._large.get(key)
        if content is None:
            image = self._images.get(row, self._read)
            with self._making:
                content = pictures.png(pictures.pixels(image, look, self.recipe.composite))
            self._large.put(key, content)
        return content

    def thumb(self, galaxy_id: str) -> bytes:
        """A galaxy as a small JPEG.

        Raises
        ------
        TableError, ImageError
            As `picture`.
        """
        row = self.row(galaxy_id)
        content = self._small.get(galaxy_id)
        if content is None:
            content = self._thumbs.get(galaxy_id, lambda: self._make_thumb(row))
            self._small.put(galaxy_id, content)
        return content

    def _make_thumb(self, row: int) -> bytes:
        with self._making:  # as it is stored: stars stay in, and are quicker so
            image = self.sample.read(row, self.recipe.sample, self.recipe.limits)
            return pictures.thumb(pictures.pixels(image, Look(), self.recipe.composite))


class NoSuchError(TableError):
    """There is no such galaxy or box."""


def _box_of(index: Index, k: int, source: str, run: str) -> _Box:
    clumps = index.clumps
    x1, y1, x2, y2 = (round(float(value), 3) for value in index.box[k])
    fluxes = {
        band: [float(index.flux[k, b]), float(index.flux_err[k, b])]
        for b, band in enumerate(index.bands)
        if np.isfinite(index.flux[k, b])
    }
    return _Box(
        source=source,
        run=run,
        xyxy=(x1, y1, x2, y2),
        label=int(clumps["label"][k]),
        told={
            **{name: float(clumps[name][k]) for name in ("score", "p_real", "ratio")},
            "quality": _whole(clumps["quality"][k]),
            "flags": flag_names(int(clumps["flags"][k])),
            "fluxes": fluxes,
            "colours": {
                name: float(values[k])
                for name, values in index.colours.items()
                if np.isfinite(values[k])
            },
        },
    )


def _whole(value: float) -> int | None:
    return int(value) if np.isfinite(value) and value >= 0 else None


def _model(folder: Path) -> str:
    try:
        model = RunManifest.read(folder).model
    except ClumpscopeError:
        return ""
    return str(model.get("name") or model.get("sha256") or "")[:80]
