"""What a person decides on an opened run: written, and told to the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clumpscope.errors import TableError, expected_got
from clumpscope.stages import vet as stage
from clumpscope.stages.vet import BoxState, GalaxyState
from clumpscope.stages.vet.state import OF_BOX, drawn_box
from clumpscope.store.decisions import WHOLE, Decisions
from clumpscope.store.events import Event, State
from clumpscope.vet.boxes import Boxes
from clumpscope.vet.ledger import Ledger
from clumpscope.vet.query import STATUS

_MOST_DRAWN = 500  # boxes in a galaxy

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A decision as a client asks for it; see `Deciding.decide`."""

    galaxy: str
    action: str
    request: str
    box: str | None = None
    value: object = None
    version: int | None = None


class Deciding:
    """Decisions on a run's galaxies and boxes, by whom and as each person has them."""

    def __init__(self, decisions: Decisions, ledger: Ledger, boxes: Boxes) -> None:
        self.decisions, self.ledger, self.boxes = decisions, ledger, boxes

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
        ImageError
            If the shape of the galaxy's image cannot be read.
        """
        row = self.boxes.index.row_of(asked.galaxy)
        if asked.action in ("undo", "redo"):
            turn = getattr(self.decisions, asked.action)
            event = turn(by, self.boxes.index.key, request=asked.request)
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
            self.boxes.index.key,
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
            if self._drawn(row) >= _MOST_DRAWN:
                raise TableError(expected_got("drawn boxes", f"at most {_MOST_DRAWN}", "one more"))
            drawn = drawn_box(asked.value, self.boxes.shown.shape(row), by).plain()
            return None, lambda _: drawn
        if asked.box is None:
            return WHOLE, lambda before: stage.changed_galaxy(
                GalaxyState.of(before) if before else GalaxyState(), asked.action, asked.value
            ).plain()
        if asked.action not in OF_BOX:
            raise TableError(expected_got("action on a box", ", ".join(OF_BOX), asked.action))
        start, label = self.boxes.start(row, asked.box, by, asked.action)

        def change(before: State | None) -> State:
            state = BoxState.of(before) if before else start
            return stage.changed_box(state, asked.action, asked.value, label).plain()

        return asked.box, change

    def _drawn(self, row: int) -> int:
        """How many boxes of a galaxy somebody has drawn and nobody taken away."""
        return sum(
            any(one.state.source == "drawn" and not one.state.deleted for one in said)
            for said in self.ledger.boxes(row).values()
        )

    def told(self, event: Event, by: str) -> Json:
        """What an event changed, as one person has it now."""
        row = self.boxes.index.row_of(event.galaxy)
        whole = self.ledger.galaxy(row, by)
        box = None if event.box == WHOLE else self.boxes.one(row, event.box, by)
        return {
            "action": event.action,
            "by": event.by,
            "at": event.at,
            "galaxy": {
                "id": event.galaxy,
                **whole.plain(),
                "decided": self.ledger.decided(by, row),
                "undecided": int(self.boxes.index.count[row]) - self.ledger.decided(by, row),
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
        mine = [
            one
            for one in events
            if one.run == self.boxes.index.key and one.galaxy in self.boxes.index.row
        ]
        return {
            "revision": last,
            "changes": [{"revision": one.revision, **self.told(one, by)} for one in mine],
        }
