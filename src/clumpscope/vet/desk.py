"""An opened run on which people decide: what the page asks, answered as plain JSON."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.flags import DESCRIPTIONS, ClumpFlag, flag_names
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.errors import ClumpscopeError, ImageError
from clumpscope.jobs.carried import Carried, carry
from clumpscope.stages import vet as stage
from clumpscope.store.decisions import FILE, Decisions
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.vet.boxes import Boxes, whole_or_none
from clumpscope.vet.deciding import Deciding
from clumpscope.vet.index import Index, indexed
from clumpscope.vet.ledger import Ledger
from clumpscope.vet.pictures import Look
from clumpscope.vet.query import SORTS, STATUS, Galleries, Query
from clumpscope.vet.shown import Shown

Json = dict[str, Any]


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
        self.shown = Shown(self.sample, self.recipe, folder, self.tag, sweep=not read_only)
        self.galleries = Galleries.of(self.index)
        self.decisions = Decisions(folder / FILE, read_only=read_only)
        self.carried = Carried(0, []) if read_only else self._carried()
        self.ledger = Ledger(self.decisions, self.index)
        self.ledger.follow()
        self.boxes = Boxes(
            self.sample, self.shown, self.index, self.beside, self.names, self.ledger
        )
        self.deciding = Deciding(self.decisions, self.ledger, self.boxes)

    def close(self) -> None:
        """Let go of the decisions' file."""
        self.decisions.close()

    @cached_property
    def tag(self) -> str:
        """Hash of run and sample, as far as pictures depend on them."""
        settings = self.recipe.model_dump(mode="json", include={"sample", "composite"})
        return sha256_json([self.index.key, settings, str(self.sample.folder)])[:16]

    def _carried(self) -> Carried:
        def found(galaxy_id: str, shape: tuple[int, int]) -> tuple[list[str], NDArray[np.float64]]:
            row = self.index.row_of(galaxy_id)
            with suppress(ImageError):
                shape = self.shown.shape(row)
            boxes = self.index.box[self.index.rows(row)].astype(float)
            return self.index.keys(row), boxes_native_to_fraction(boxes, shape)

        return carry(self.decisions, self.index.key, found)

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
            "filters": self.galleries.filters,
            "sorts": list(SORTS),
            "flags": {str(flag.name): DESCRIPTIONS[flag] for flag in ClumpFlag},
            "lost": [{"galaxy": one, "box": box} for one, box in self.carried.lost],
            "carried": self.carried.kept,
            "revision": self.ledger.revision,
            "tag": self.tag,
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
                    "quality": whole_or_none(columns["quality"][row]),
                    "flags": flag_names(int(self.galleries.flags[row])),
                    "disagreement": int(apart[row]),
                    "status": STATUS[status[row]],
                    "longest_px": float(self.index.longest[row]),
                    "downward": self.sample.is_picture(row),
                    "boxes": self.boxes.small(row),
                }
            )
        return {"total": len(rows), "offset": query.offset, "rows": told}

    def _asked(self, query: Query, by: str) -> NDArray[np.intp]:
        hits = self.galleries.hits(query, self.ledger.status(by))
        return self.galleries.ordered(query, hits, self.disagreement())

    def disagreement(self) -> NDArray[np.int32]:
        """(G,) boxes on which people, or the two runs, differ."""
        return self.ledger.differing + self.boxes.unmatched

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
        row = self.index.row_of(galaxy_id)
        self.ledger.follow()
        known = self.shown.facts(row, float(self.index.redshift[row]))
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
            "boxes": self.boxes.told(row, by),
            "nothing_missed": whole.nothing_missed,
            "skipped": whole.skipped,
            "comment": whole.comment,
            "status": STATUS[self.ledger.status(by)[row]],
            "revision": self.ledger.revision,
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

    def picture(self, galaxy_id: str, look: Look) -> bytes:
        """A galaxy as PNG; see `Shown.picture`.

        Raises
        ------
        TableError
            If there is no such galaxy or band.
        ImageError
            If its image cannot be read or shown.
        """
        return self.shown.picture(self.index.row_of(galaxy_id), look)

    def thumb(self, galaxy_id: str) -> bytes:
        """A galaxy as a small JPEG.

        Raises
        ------
        TableError, ImageError
            As `picture`.
        """
        return self.shown.thumb(self.index.row_of(galaxy_id), galaxy_id)


def _model(folder: Path) -> str:
    try:
        model = RunManifest.read(folder).model
    except ClumpscopeError:
        return ""
    return str(model.get("name") or model.get("sha256") or "")[:80]
