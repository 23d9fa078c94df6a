"""The command line: the only place that prints and chooses exit codes."""

import signal
import sys
from typing import NoReturn

from clumpscope.cli import (
    calibrate,
    completeness,
    evaluate,
    experiment,
    ingest,
    labels,
    models,
    pictures,
    recipe,
    report,
    runs,
    samples,
    train,
    vet,
)
from clumpscope.cli.common import Stopped, app, errors
from clumpscope.cli.encoding import speak_to_any_terminal
from clumpscope.errors import ClumpscopeError


def _stop(_number: int, _frame: object) -> NoReturn:
    raise Stopped


def main() -> NoReturn:
    """Run the command line; exits 0, 1 (failed), 2 (bad usage or input) or 130 (Ctrl-C)."""
    speak_to_any_terminal()
    for request in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, request, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)
    try:
        app(prog_name="clumpscope")
    except ClumpscopeError as error:
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error))
        sys.exit(error.exit_code)
    except OSError as error:  # such as a pipe that was closed, or a folder that cannot be read
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error))
        sys.exit(1)
    sys.exit(0)


__all__ = [
    "app",
    "calibrate",
    "completeness",
    "evaluate",
    "experiment",
    "ingest",
    "labels",
    "main",
    "models",
    "pictures",
    "recipe",
    "report",
    "runs",
    "samples",
    "train",
    "vet",
]
