"""What holds whatever the input: no traceback, no hang, no write outside, a message with sense."""

import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from clumpscope.engine.watch import time_limit
from clumpscope.errors import ClumpscopeError

SECONDS = 30.0
MEMORY = 2e9  # bytes more than before
_CHANGES = ("os.rename", "os.mkdir", "os.link", "os.symlink", "os.remove", "os.rmdir")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_seen: list[str] | None = None  # what has been written, while somebody looks


_PEAK = Path("/proc/self/clear_refs")  # of Linux; elsewhere memory is not looked at


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is None or event not in ("open", *_CHANGES):
        return
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES):
        return
    if event in ("os.remove", "os.rmdir") and arguments[1] != -1:  # in a folder that is open
        return
    paths = arguments[:2] if event in ("os.rename", "os.link", "os.symlink") else arguments[:1]
    _seen.extend(os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike))


sys.addaudithook(_look)


def holds(action: Callable[[], object], inside: Path) -> ClumpscopeError | None:
    """Do something that may fail, but only as our software fails; returns how it did.

    Raises
    ------
    AssertionError
        If it wrote outside a folder, took too much memory, or its message says nothing.
    Exception
        If anything but one of our errors came out.
    """
    global _seen
    if _PEAK.exists():
        _PEAK.write_text("5")  # it begins anew
    before = _memory("VmRSS")
    _seen, failed = [], None
    try:
        with warnings.catch_warnings(), time_limit(SECONDS):
            warnings.simplefilter("ignore")
            action()
    except ClumpscopeError as error:
        failed = error
    finally:
        written, _seen = _seen, None
    outside = _outside(written, inside)
    assert not outside, f"written outside: {outside}"
    grown = _memory("VmHWM") - before
    assert grown < MEMORY, f"{grown / 1e9:.1f} GB"
    if failed is not None:
        message = str(failed)
        assert "[limits] seconds" not in message, "it hung"
        assert len(message) < 5000, message[:5000]
        assert ":" in message or "expected" in message, message
        message.encode()  # prints
    return failed


def _memory(name: str) -> int:
    """What this process holds (VmRSS), or has held at most (VmHWM), bytes."""
    told = Path("/proc/self/status")
    found = re.search(rf"{name}:\s*(\d+) kB", told.read_text() if told.exists() else "")
    return 1024 * int(found[1]) if found else 0


def _outside(written: Sequence[str], inside: Path) -> list[str]:
    allowed = (str(inside.resolve()), "/dev/", sys.prefix)
    paths = (os.path.realpath(path) for path in written)
    return [path for path in paths if not path.startswith(allowed) and "__pycache__" not in path]
