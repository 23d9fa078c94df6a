"""Events of decisions as rows of a database, and which of them can be taken back."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clumpscope.store.json_text import parse_json

State = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  by TEXT NOT NULL,
  run TEXT NOT NULL,
  galaxy TEXT NOT NULL,
  box TEXT NOT NULL,
  action TEXT NOT NULL,
  before TEXT,
  after TEXT,
  request TEXT NOT NULL UNIQUE,
  target INTEGER
);
CREATE INDEX IF NOT EXISTS of_box ON events (run, galaxy, box, by, revision);
CREATE INDEX IF NOT EXISTS of_person ON events (run, by, revision);
"""
COLUMNS = "revision, at, by, run, galaxy, box, action, before, after, request, target"


@dataclass(frozen=True)
class Event:
    """One decision.

    Attributes
    ----------
    revision
        Its number; later ones are larger.
    at
        Time, UTC, ISO 8601.
    by
        Who.
    run
        Key of the run that the box is of.
    galaxy, box
        Of what; an empty box is the whole galaxy.
    action
        What was done.
    before, after
        What the person had of it, and has now; ``None``: nothing.
    request
        The client's name for it, by which it counts once.
    target
        Of "undo" and "redo": the event that is taken back or done again; of "carry" and "lost": the
        one by which it was said, on another run.
    """

    revision: int
    at: str
    by: str
    run: str
    galaxy: str
    box: str
    action: str
    before: State | None
    after: State | None
    request: str
    target: int | None = None


def undoable(connection: sqlite3.Connection, by: str, run: str) -> int | None:
    """The event that is on top of what a person may undo."""
    below = 0
    for revision, action, target in _backwards(connection, by, run):
        if action == "undo":
            below += 1
        elif below:
            below -= 1
        else:
            return target if action == "redo" else revision
    return None


def redoable(connection: sqlite3.Connection, by: str, run: str) -> int | None:
    """The event that is on top of what a person may do again."""
    below = 0
    for _, action, target in _backwards(connection, by, run):
        if action == "redo":
            below += 1
        elif action != "undo":
            return None
        elif below:
            below -= 1
        else:
            return target
    return None


def _backwards(
    connection: sqlite3.Connection, by: str, run: str
) -> Iterator[tuple[int, str, int | None]]:
    """A person's events, last first; what was carried from another run is not theirs to undo."""
    yield from connection.execute(
        "SELECT revision, action, target FROM events WHERE run = ? AND by = ?"
        " AND action NOT IN ('carry', 'lost') ORDER BY revision DESC",
        (run, by),
    )


def new_key(connection: sqlite3.Connection, galaxy: str) -> str:
    """A key that no box drawn in the galaxy has had."""
    (drawn,) = connection.execute(
        "SELECT count(*) FROM events WHERE galaxy = ? AND action = 'draw'", (galaxy,)
    ).fetchone()
    return f"d{drawn + 1}"


def last_event(connection: sqlite3.Connection, where: str, *values: object) -> Event | None:
    """The last event of which an SQL condition of ours holds, with its values.

    Raises
    ------
    ValueError
        If the row is no event.
    """
    row = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY revision DESC LIMIT 1",  # noqa: S608
        values,
    ).fetchone()
    return None if row is None else event_of(row)


def write_event(connection: sqlite3.Connection, row: Sequence[Any], at: str | None = None) -> Event:
    """Add an event: by, run, galaxy, box, action, before, after, request, target.

    ``at`` is when it was decided (ISO 8601, UTC); without it, now.
    """
    by, run, galaxy, box, action, before, after, request, target = row
    at = at or datetime.now(UTC).isoformat(timespec="milliseconds")
    texts = [None if one is None else json.dumps(one, allow_nan=False) for one in (before, after)]
    done = connection.execute(
        "INSERT INTO events (at, by, run, galaxy, box, action, before, after, request, target)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (at, by, run, galaxy, box, action, *texts, request, target),
    )
    revision = int(done.lastrowid or 0)
    return Event(revision, at, by, run, galaxy, box, action, before, after, request, target)


def event_of(row: Sequence[Any]) -> Event:
    """A row of `COLUMNS` as an event.

    Raises
    ------
    ValueError
        If a state in it is no JSON object.
    """
    revision, at, by, run, galaxy, box, action, before, after, request, target = row
    states = _state(before, revision), _state(after, revision)
    return Event(revision, at, by, run, galaxy, box, action, *states, request, target)


def _state(text: str | None, revision: int) -> State | None:
    state = None if text is None else parse_json(text)
    if state is None or isinstance(state, dict):
        return state
    raise ValueError(f"event {revision}: expected a JSON object")
