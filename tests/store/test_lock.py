"""Of two commands in a folder one works; a lock that was just taken away holds nothing."""

import fcntl
from pathlib import Path

import pytest

from clumpscope.errors import FolderError
from clumpscope.store.lock import LOCK, locked


def test_one_holds_it_and_is_named(tmp_path: Path) -> None:
    with locked(tmp_path) as died:
        assert not died
        with (
            pytest.raises(FolderError, match=r"got process \d+ on .* since \d{4}-"),
            locked(tmp_path),
        ):
            pass
    assert not (tmp_path / LOCK).exists()


def test_a_process_that_died_is_told(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("process 1")
    with locked(tmp_path) as died:
        assert died


def test_a_lock_that_was_just_taken_away_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our opening and our locking the other command ends."""
    real, calls = fcntl.flock, []

    def late(handle: int, how: int) -> None:
        if not calls:
            (tmp_path / LOCK).unlink()
        calls.append(how)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(tmp_path):
        assert len(calls) == 2
        with pytest.raises(FolderError), locked(tmp_path):
            pass
