"""The decisions in memory: each person's last word, and counts by galaxy."""

import threading
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clumpscope.jobs.said import galaxy_of, said_of
from clumpscope.stages.vet import GalaxyState, Said, differ, verdict
from clumpscope.store.decisions import WHOLE, Decisions
from clumpscope.store.events import Event
from clumpscope.vet.index import Index
from clumpscope.vet.query import STATUS

_UNDECIDED, _DECIDED, _SKIPPED = range(len(STATUS))


class Ledger:
    """What people have said of one run, brought up to date from the log when it is asked.

    Other processes may write the same log.
    """

    def __init__(self, decisions: Decisions, index: Index) -> None:
        self._decisions, self._index = decisions, index
        self._lock = threading.RLock()
        self._boxes: dict[int, dict[str, dict[str, Said]]] = defaultdict(dict)
        self._galaxies: dict[int, dict[str, GalaxyState]] = defaultdict(dict)
        self._decided: dict[str, NDArray[np.int32]] = {}
        self._status: dict[str, NDArray[np.int8]] = {}
        self._differ = np.zeros(len(index.ids), dtype=np.int32)
        self._none = np.full(len(index.ids), _UNDECIDED, dtype=np.int8)
        self._version: dict[tuple[int, str, str], int] = {}
        self.revision = 0

    def follow(self) -> list[Event]:
        """Read what is new; the events of this run.

        Raises
        ------
        StoreError
            If the log cannot be read.
        """
        with self._lock:
            new = self._decisions.since(self.revision)
            touched = set()
            for event in new:
                self.revision = event.revision
                row = self._index.row.get(event.galaxy)
                if event.run == self._index.key and row is not None:
                    self._take(row, event)
                    touched.add(row)
            for row in touched:
                self._count(row)
            return [event for event in new if event.run == self._index.key]

    def _take(self, row: int, event: Event) -> None:
        self._version[row, event.box, event.by] = event.revision
        if event.box == WHOLE:
            self._galaxies[row][event.by] = galaxy_of(event)
            return
        people = self._boxes[row].setdefault(event.box, {})
        said = said_of(event, people.pop(event.by, None))
        if said is not None:
            people[event.by] = said

    def _count(self, row: int) -> None:
        """Count a galaxy anew."""
        boxes, galaxy = self._boxes.get(row, {}), self._galaxies.get(row, {})
        self._differ[row] = sum(differ(list(said.values())) for said in boxes.values())
        own = set(self._index.keys(row))
        people = {by for said in boxes.values() for by in said} | set(galaxy)
        for by in people | {by for by, counts in self._decided.items() if counts[row]}:
            decided = sum(
                by in said and verdict(said[by].state) >= 0
                for key, said in boxes.items()
                if key in own
            )
            counts, status = self._of(by)
            counts[row] = decided
            said_all = galaxy.get(by, GalaxyState())
            whole = decided == len(own) and (decided > 0 or said_all.nothing_missed)
            status[row] = _SKIPPED if said_all.skipped else _DECIDED if whole else _UNDECIDED

    def _of(self, by: str) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        if by not in self._decided:
            self._decided[by] = np.zeros(len(self._index.ids), dtype=np.int32)
            self._status[by] = self._none.copy()
        return self._decided[by], self._status[by]

    def status(self, by: str) -> NDArray[np.int8]:
        """(G,) each galaxy's place in `STATUS`, for one person."""
        with self._lock:
            return self._status.get(by, self._none)

    def decided(self, by: str, row: int) -> int:
        """How many of a galaxy's model boxes a person has decided on."""
        with self._lock:
            return int(self._decided[by][row]) if by in self._decided else 0

    @property
    def differing(self) -> NDArray[np.int32]:
        """(G,) boxes on which people differ."""
        return self._differ

    def version(self, row: int, box: str, by: str) -> int:
        """Revision of a person's last decision on a box; 0 if there is none."""
        with self._lock:
            return self._version.get((row, box, by), 0)

    def boxes(self, row: int) -> dict[str, list[Said]]:
        """What each person says of each box of a galaxy."""
        with self._lock:
            return {key: list(said.values()) for key, said in self._boxes.get(row, {}).items()}

    def galaxy(self, row: int, by: str) -> GalaxyState:
        """What a person says of a galaxy."""
        with self._lock:
            return self._galaxies.get(row, {}).get(by, GalaxyState())

    def all_boxes(self) -> dict[str, dict[str, list[Said]]]:
        """What everybody says of every box, by galaxy."""
        with self._lock:
            rows = {self._index.ids[row]: self.boxes(row) for row in sorted(self._boxes)}
        return {
            galaxy_id: {key: said for key, said in boxes.items() if said}
            for galaxy_id, boxes in rows.items()
        }

    def all_galaxies(self) -> dict[str, dict[str, GalaxyState]]:
        """What everybody says of whole galaxies."""
        with self._lock:
            return {self._index.ids[row]: dict(said) for row, said in self._galaxies.items()}


def own(said: Sequence[Said], by: str) -> Said | None:
    """What one person says."""
    return next((one for one in said if one.by == by), None)
