"""Text in cells of CSV files, which spreadsheets take for formulas if it begins like one.

An apostrophe before such a text makes it text; reading takes it off again. A text that begins
with apostrophes before such a sign gets one more, so that nothing is lost.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class Text(Protocol):
    """What can be written to."""

    def write(self, text: str, /) -> object:
        """Take more text."""


def guarded(cell: object) -> object:
    """The cell as it is written; numbers stay as they are."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def write_csv(stream: Text, rows: Iterable[Iterable[object]], end: str = "\n") -> None:
    """Write rows, each text guarded, each line with that end."""
    writer = csv.writer(_Lines(stream, end))
    writer.writerows([guarded(cell) for cell in row] for row in rows)


@dataclass(frozen=True)
class _Lines:
    """Changes the ends of lines; were they another to the writer, it would not quote its own."""

    stream: Text
    end: str

    def write(self, line: str, /) -> object:
        return self.stream.write(line.removesuffix("\r\n") + self.end)
