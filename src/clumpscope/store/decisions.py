"""Decisions of people in SQLite: every one is kept, with who, when, before and after.

The file is a log. What somebody has of a box is the ``after`` of the last event of that person on
it; to undo is one more event, whose ``after`` is the ``before`` of what is undone. An event that
was told to a client is on the disk, whatever happens to the process.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from clumpscope.errors import FolderError, StoreError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.events import (
    COLUMNS,
    SCHEMA,
    Event,
    State,
    event_of,
    last_event,
    new_key,
    redoable,
    undoable,
    write_event,
)

FILE = "vet.sqlite"
_APPLICATION = 0x636C7674  # "clvt": tells the file from others' databases
_VERSION = 1
_PATIENCE_S = 30.0  # to wait for another process that writes
WHOLE = ""  # the box of an event that is of the whole galaxy
# By, run, galaxy, box, action, before, after, and number and time (ISO 8601) of the event by which
# it was said.
Carry = tuple[str, str, str, str, str, State | None, State | None, int, str]


def _wal(path: Path) -> Path:
    """Where SQLite keeps what was written and is not in the database's file yet."""
    return path.with_name(f"{path.name}-wal")


class ConflictError(StoreError):
    """Somebody has decided since; ``present`` is the last event on the box, if there is one."""

    def __init__(self, message: str, present: Event | None) -> None:
        super().__init__(message)
        self.present = present


class Decisions:
    """The decisions in a file, which any number of threads and processes may read and write.

    Each thread has a connection of its own.

    Parameters
    ----------
    path
        The file; made, if it is not there and may be written.
    read_only
        Whether nothing may be written; then the file may be missing.

    Raises
    ------
    StoreError
        If the file cannot be opened, or is no such database.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        if path.exists() or path.is_symlink():
            regular(path, FolderError)
        elif read_only:
            return
        with self._told():
            self._prepare()

    def _prepare(self) -> None:
        with self._reading() as reader:
            (application,) = reader.execute("PRAGMA application_id").fetchone()
            (version,) = reader.execute("PRAGMA user_version").fetchone()
            (tables,) = reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (application != _APPLICATION or not 0 < version <= _VERSION):
            got = f"another database (application {application}, version {version})"
            raise FolderError(expected_got(self.path, "decisions of `clumpscope vet`", got))
        if self.read_only:
            return
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        """The connection of the thread."""
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._opened("ro" if self.read_only else "rwc")
            if not self.read_only:
                found.execute("PRAGMA journal_mode = WAL")
                found.execute("PRAGMA synchronous = FULL")
            self._own.connection = found
            with self._lock:
                self._all.append(found)
        return found

    def _opened(self, mode: str) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode={mode}"
        return sqlite3.connect(
            uri, uri=True, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read by.

        Where no log can be made beside the file, and nobody else has one, SQLite reads the file as
        if it never changed: then each reading begins anew.
        """
        path = self.path.resolve()
        if not self.read_only or os.access(path.parent, os.W_OK) or _wal(path).exists():
            yield self._connection()
            return
        with closing(self._opened("ro&immutable=1")) as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what a database says in our words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {error}") from error
        except (sqlite3.DatabaseError, ValueError) as error:
            raise FolderError(f"{self.path}: not decisions of `clumpscope vet`: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all."""
        if self.read_only:
            raise StoreError(expected_got(self.path, "decisions that may be written", "read-only"))
        with self._told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def add(
        self,
        by: str,
        run: str,
        galaxy: str,
        box: str | None,
        action: str,
        change: Callable[[State | None], State],
        *,
        request: str,
        version: int | None = None,
    ) -> Event:
        """Keep a decision; the same request twice counts once.

        Parameters
        ----------
        box
            Its key; `WHOLE`: of the whole galaxy; ``None``: a new box, which gets a key.
        change
            From what the person has of it to what it becomes; what it raises, nothing is written.
        version
            Revision of the person's last event on the box that the client knows, 0 for none;
            ``None``: it does not matter.

        Raises
        ------
        ConflictError
            If the person has decided on that box since.
        StoreError
            If it cannot be written.
        """
        with self._writing() as connection:
            known = last_event(connection, "request = ?", request)
            if known is not None:
                return known
            if box is None:
                box = new_key(connection, galaxy)
            last = last_event(
                connection, "run = ? AND galaxy = ? AND box = ? AND by = ?", run, galaxy, box, by
            )
            if version is not None and version != (last.revision if last else 0):
                got = f"{version}, and revision {last.revision if last else 0} is the last"
                what = f"{galaxy} {box}: version"
                raise ConflictError(expected_got(what, "that of the last decision", got), last)
            before = last.after if last else None
            return write_event(
                connection, (by, run, galaxy, box, action, before, change(before), request, None)
            )

    def undo(self, by: str, run: str, *, request: str) -> Event | None:
        """Take back the last decision of a person that stands; ``None`` if there is none.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        return self._turn(by, run, request, "undo")

    def redo(self, by: str, run: str, *, request: str) -> Event | None:
        """Do again what the person took back last, if nothing was decided since; else ``None``.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        return self._turn(by, run, request, "redo")

    def _turn(self, by: str, run: str, request: str, action: str) -> Event | None:
        with self._writing() as connection:
            known = last_event(connection, "request = ?", request)
            if known is not None:
                return known
            number = (undoable if action == "undo" else redoable)(connection, by, run)
            target = None if number is None else last_event(connection, "revision = ?", number)
            if target is None:
                return None
            states = target.after, target.before
            before, after = states if action == "undo" else states[::-1]
            row = (by, run, target.galaxy, target.box, action, before, after, request, number)
            return write_event(connection, row)

    def carry(self, rows: Sequence[Carry]) -> list[Event]:
        """Add events that bring what was said on another run, at once; each counts once.

        Returns
        -------
        list[Event]
            Those that were added.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        added = []
        with self._writing() as connection:
            for by, run, *what, after, revision, at in rows:
                request = f"{'end' if after is None else 'carry'} {revision} {run}"
                if last_event(connection, "request = ?", request) is None:
                    row = (by, run, *what, after, request, revision)
                    added.append(write_event(connection, row, at))
        return added

    def since(self, revision: int, most: int | None = None) -> list[Event]:
        """Events after a revision, oldest first; all, or at most so many.

        Raises
        ------
        StoreError
            If they cannot be read.
        """
        if self.read_only and not self.path.exists():
            return []
        with self._told(), self._reading() as connection:
            found = connection.execute(
                f"SELECT {COLUMNS} FROM events WHERE revision > ? ORDER BY revision LIMIT ?",  # noqa: S608
                (revision, -1 if most is None else most),  # -1: all
            )
            return [event_of(row) for row in found]

    def revision(self) -> int:
        """Number of the last event, 0 if there is none.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        if self.read_only and not self.path.exists():
            return 0
        with self._told(), self._reading() as connection:
            found = connection.execute("SELECT max(revision) FROM events").fetchone()[0]
            return int(found or 0)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._own = threading.local()
