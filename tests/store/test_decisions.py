"""The log of decisions: kept, in order, once, by whoever; and undone and done again by law."""

import os
import sqlite3
import threading
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store import decisions
from clumpscope.store.decisions import WHOLE, ConflictError, Decisions


@pytest.fixture
def log(tmp_path):
    found = Decisions(tmp_path / "vet.sqlite")
    yield found
    found.close()


def to(value):
    return lambda _: {"value": value}


def add(log, value=1, by="ann", box="c1", run="r", galaxy="g", **more):
    more = {"request": str(uuid4()), **more}
    return log.add(by, run, galaxy, box, "label", to(value), **more)


def test_an_event_tells_who_when_before_and_after(log):
    add(log, 1)
    event = add(log, 2)
    assert (event.revision, event.by, event.run, event.galaxy, event.box) == (
        *(2, "ann", "r", "g", "c1"),
    )
    assert (event.before, event.after) == ({"value": 1}, {"value": 2})
    assert event.at.endswith("+00:00")
    assert log.since(1) == [event]
    assert log.revision() == 2


def test_people_runs_galaxies_and_boxes_are_apart(log):
    add(log, 1)
    for other in ({"by": "bob"}, {"run": "s"}, {"galaxy": "h"}, {"box": "c2"}, {"box": WHOLE}):
        assert add(log, 2, **other).before is None


def test_a_request_counts_once(log):
    one = add(log, 1, request="same")
    assert add(log, 2, request="same", version=99) == one
    assert log.undo("ann", "r", request="same") == one
    assert log.revision() == 1


def test_a_version_that_is_not_the_last_is_a_conflict(log):
    event = add(log, 1, version=0)
    with pytest.raises(ConflictError, match="c1: version: expected that of the last") as caught:
        add(log, 2, version=0)
    assert caught.value.present == event
    assert add(log, 2, version=event.revision).before == {"value": 1}
    assert add(log, 1, by="bob", version=0)


def test_what_a_change_refuses_is_not_kept(log):
    def refuse(_):
        raise TableError("no")

    with pytest.raises(TableError, match="no"):
        log.add("ann", "r", "g", "c1", "label", refuse, request="x")
    assert log.revision() == 0
    assert add(log, request="x").revision == 1


def test_new_boxes_get_names_of_their_own(log):
    keys = [
        log.add(by, run, "g", None, "draw", to(1), request=str(uuid4())).box
        for by, run in (("ann", "r"), ("bob", "r"), ("ann", "s"))
    ]
    assert keys == ["d1", "d2", "d3"]


def test_what_is_carried_comes_at_once_and_once(log):
    then = "2026-01-01T00:00:00.000+00:00"
    rows = [("ann", "s", "g", "c1", "carry", None, {"value": k}, k, then) for k in range(3)]
    assert [event.at for event in log.carry(rows)] == [then] * 3
    assert log.carry(rows) == []
    assert log.undo("ann", "s", request="u") is None  # it is not theirs to undo
    broken = [*rows, ("ann", "s", "g", "c1", "carry", None, {"value": float("nan")}, 7, then)]
    with pytest.raises(StoreError):
        log.carry([("ann", "s", "g", "c1", "carry", None, {"value": 9}, 8, then), *broken])
    assert log.revision() == 3


def test_threads_and_connections_at_once_lose_nothing(tmp_path):
    path = tmp_path / "vet.sqlite"
    logs = [Decisions(path), Decisions(path)]
    names = [f"{who}{k}" for who in ("ann", "bob") for k in range(3)]

    def write(name, log):
        for k in range(40):
            add(log, k, by=name[:3], box=name)

    threads = [
        threading.Thread(target=write, args=(name, logs[k % 2])) for k, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = logs[0].since(0)
    assert [event.revision for event in events] == list(range(1, 241))
    for name in names:
        mine = [event for event in events if event.box == name]
        assert [event.after["value"] for event in mine] == list(range(40))
        assert [event.before for event in mine[1:]] == [event.after for event in mine[:-1]]
    for log in logs:
        log.close()


def test_it_is_opened_again(tmp_path):
    path = tmp_path / "vet.sqlite"
    one = Decisions(path)
    event = add(one, 5)
    one.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    other = Decisions(path)
    assert other.since(0) == [event]
    other.close()


def test_looking_only(tmp_path):
    path = tmp_path / "vet.sqlite"
    nothing = Decisions(path, read_only=True)
    assert (nothing.since(0), nothing.revision()) == ([], 0)
    assert not path.exists()
    writing = Decisions(path)
    add(writing)
    reading = Decisions(path, read_only=True)
    assert reading.revision() == 1
    with pytest.raises(StoreError, match="read-only"):
        add(reading)
    reading.close()
    writing.close()


def test_looking_only_where_nothing_may_be_written():
    """As in an archive, or a folder of somebody else's."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        writing = Decisions(folder / "vet.sqlite")
        add(writing)
        writing.close()
        (folder / "vet.sqlite").chmod(0o444)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        try:
            if root:
                os.setresuid(65534, 65534, 0)
            reading = Decisions(folder / "vet.sqlite", read_only=True)
            assert reading.revision() == 1
            reading.close()
        finally:
            if root:
                os.setresuid(0, 0, 0)
            folder.chmod(0o755)


def test_other_files_are_refused(tmp_path):
    text = tmp_path / "text.sqlite"
    text.write_text("no database at all, and long enough not to be taken for an empty one" * 20)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE events (id)")
    connection.close()
    folder = tmp_path / "folder.sqlite"
    folder.mkdir()
    for path in (text, other, folder):
        for read_only in (True, False):
            with pytest.raises(FolderError):
                Decisions(path, read_only=read_only)


def test_a_damaged_event_is_told_of(tmp_path):
    path = tmp_path / "vet.sqlite"
    log = Decisions(path)
    add(log)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET after = '[1]'")
    connection.commit()
    connection.close()
    with pytest.raises(FolderError, match="event 1"):
        log.since(0)
    log.close()


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("do"), st.sampled_from(["c1", "c2"]), st.integers(0, 9)),
        st.tuples(st.sampled_from(["undo", "redo"])),
    ),
    max_size=25,
)


def states(log):
    found = {}
    for event in log.since(0):
        found[event.by, event.box] = event.after
    return {place: state for place, state in found.items() if state is not None}


class Model(RuleBasedStateMachine):
    """Two people against a plain list of what each did, with a cursor."""

    folder = None
    numbers = count()

    def __init__(self):
        super().__init__()
        self.log = Decisions(self.folder / f"{next(self.numbers)}.sqlite")
        self.done = {"ann": [], "bob": []}
        self.undone = {"ann": [], "bob": []}

    def expected(self):
        return {
            (by, box): {"value": value} for by, acts in self.done.items() for box, value in acts
        }

    @rule(by=st.sampled_from(["ann", "bob"]), box=st.sampled_from("abc"), value=st.integers(0, 5))
    def do(self, by, box, value):
        add(self.log, value, by=by, box=box)
        self.done[by].append((box, value))
        self.undone[by].clear()

    @rule(by=st.sampled_from(["ann", "bob"]))
    def undo(self, by):
        event = self.log.undo(by, "r", request=str(uuid4()))
        assert (event is None) == (not self.done[by])
        if self.done[by]:
            self.undone[by].append(self.done[by].pop())

    @rule(by=st.sampled_from(["ann", "bob"]))
    def redo(self, by):
        event = self.log.redo(by, "r", request=str(uuid4()))
        assert (event is None) == (not self.undone[by])
        if self.undone[by]:
            self.done[by].append(self.undone[by].pop())

    @precondition(lambda self: True)
    @rule()
    def agrees(self):
        assert states(self.log) == self.expected()

    def teardown(self):
        assert states(self.log) == self.expected()
        self.log.close()


def test_undo_and_redo_are_those_of_a_list_with_a_cursor(tmp_path):
    Model.folder = tmp_path
    run_state_machine_as_test(Model)


@given(acts=ACTS, back=st.integers(1, 5))
def test_undone_and_done_again_is_as_before(tmp_path_factory, acts, back):
    log = Decisions(tmp_path_factory.mktemp("log") / "vet.sqlite")
    for name, *what in acts:
        if name == "do":
            add(log, what[1], box=what[0])
        else:
            getattr(log, name)("ann", "r", request=str(uuid4()))
    before = states(log)
    undone = [log.undo("ann", "r", request=str(uuid4())) for _ in range(back)]
    for _ in [event for event in undone if event is not None]:
        assert log.redo("ann", "r", request=str(uuid4())) is not None
    assert states(log) == before
    log.close()


def test_a_reader_where_nothing_may_be_written_sees_what_comes(log, monkeypatch):
    log.add("ann", "r", "g", "c1", "accept", to(1), request=str(uuid4()))
    log.close()
    monkeypatch.setattr(decisions.os, "access", lambda *_: False)
    reader = Decisions(log.path, read_only=True)
    assert len(reader.since(0)) == 1
    log.add("bob", "r", "g", "c1", "accept", to(2), request=str(uuid4()))
    assert len(reader.since(0)) == 2  # by the log beside the file
    log.close()  # takes the log away
    log.add("bob", "r", "g", "c2", "accept", to(3), request=str(uuid4()))
    log.close()
    assert reader.revision() == 3
    reader.close()
