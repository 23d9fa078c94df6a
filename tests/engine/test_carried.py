"""Files that a worker may lack."""

import hashlib
import pickle
from pathlib import Path

import pytest

from clumpscope.engine import carried
from clumpscope.engine.carried import MissingError, carried_to, here, name_of

KEY = hashlib.sha256(b"weights").hexdigest()


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a worker that gets files."""
    monkeypatch.setattr(carried, "_folder", None)
    carried_to(tmp_path / "got")
    (tmp_path / "got").mkdir()
    return tmp_path / "got"


def test_a_process_on_the_same_machine_looks_nowhere_else(tmp_path: Path) -> None:
    assert here(tmp_path / "any", KEY) == tmp_path / "any"


def test_the_file_itself_is_taken_if_it_holds_the_same(worker: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    (worker / name_of(path, KEY)).write_bytes(b"weights")
    assert here(path, KEY) == path


@pytest.mark.parametrize("there", [None, b"another"])
def test_else_that_which_was_sent(worker: Path, tmp_path: Path, there: bytes | None) -> None:
    path = tmp_path / "model.bin"
    if there is not None:
        path.write_bytes(there)
    with pytest.raises(MissingError, match="expected a file of SHA-256") as caught:
        here(path, KEY)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  (as it comes to the client)
    assert (str(again), again.path, again.key) == (str(caught.value), path, KEY)
    (worker / name_of(path, KEY)).write_bytes(b"weights")
    assert here(path, KEY) == worker / f"{KEY}.bin"
