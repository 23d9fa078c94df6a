"""The blind mode: places that `evaluate --by-eye` drew, without names, scores or classes."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.ops.csv_cells import write_csv
from clumpscope.ops.kappa import cohen
from clumpscope.ops.numbers import said
from clumpscope.stages.by_eye import KINDS
from clumpscope.stages.by_eye.answers import COLUMNS
from clumpscope.stages.by_eye.page import MEANINGS
from clumpscope.store.atomic import atomic
from clumpscope.store.confined import inside
from clumpscope.store.decisions import FILE, Decisions
from clumpscope.store.events import Event, State
from clumpscope.store.judged import KEY, READERS, read_judged

Json = dict[str, Any]

ANSWERS = "answers"  # folder of a CSV a reader
_PICTURE = re.compile(r'<section id="n(\d{1,7})"><img alt="[^"]*" src="data:image/jpeg;base64,')
_MOST_PAGE = 2**30  # bytes of judge.html
# Other words for kinds, which shorter pages use.
WORDS = {**{kind: kind for kind in KINDS}, "none": "nothing", "odd": "star"}


@dataclass(frozen=True)
class _Place:
    """Where a picture is in the page: its bytes in base64."""

    start: int
    end: int


class Blind:
    """Pages of `evaluate --by-eye` that people answer here instead.

    Answers are kept one by one in ``DIR/vet.sqlite``; once a reader has answered all,
    ``DIR/answers/READER.csv`` is what `evaluate --answers` reads.

    Parameters
    ----------
    folder
        What `evaluate --by-eye` has written.
    read_only
        Whether nobody may answer.

    Raises
    ------
    StoreError, TableError
        If it is none.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder, self.read_only = folder, read_only
        key = read_judged(folder / KEY)
        self.count, self.mark = len(plain(key, "number")), str(key.meta["set"])
        self._page = regular(folder / READERS / "judge.html", FolderError)
        if not self._page.is_file() or self._page.stat().st_size > _MOST_PAGE:
            raise FolderError(expected_got(self._page, "the page that was made", "none"))
        self._places = _places(self._page)
        if sorted(self._places) != list(range(1, self.count + 1)):
            got = f"{len(self._places)}"
            raise FolderError(expected_got(self._page, f"{self.count} pictures", got))
        self._decisions = Decisions(folder / FILE, read_only=read_only)

    def close(self) -> None:
        """Let go of the file of answers."""
        self._decisions.close()

    @cached_property
    def questions(self) -> list[Json]:
        """Number and address of the picture of each place."""
        return [
            {"number": number, "picture": f"/api/blind/{number}"}
            for number in range(1, self.count + 1)
        ]

    def picture(self, number: int) -> bytes:
        """The card of a place, as JPEG.

        Raises
        ------
        TableError
            If there is none of that number.
        """
        place = self._places.get(number)
        if place is None:
            raise TableError(expected_got("number", f"1 to {self.count}", number))
        with self._page.open("rb") as stream:
            stream.seek(place.start)
            try:
                return base64.b64decode(stream.read(place.end - place.start), validate=True)
            except binascii.Error as error:
                raise FolderError(f"{self._page}: picture {number}: {error}") from error

    def session(self, by: str) -> Json:
        """What a page needs to begin."""
        return {
            "run": "",
            "sample": "",
            "vetter": by,
            "read_only": self.read_only,
            "blind": True,
            "galaxies": 0,
            "clumps": 0,
            "models": [],
            "bands": [],
            "filters": {},
            "sorts": [],
            "revision": self._decisions.revision(),
            "tag": self.mark,
        }

    def told(self, by: str) -> Json:
        """The places, and what a reader has answered; agreement only once two have finished."""
        answers = self.answers()
        mine = answers.get(by, {})
        done = {reader: given for reader, given in answers.items() if len(given) == self.count}
        return {
            "questions": self.questions,
            "answered": {str(number): kind for number, kind in sorted(mine.items())},
            "answers": list(KINDS),
            "meanings": MEANINGS,
            "finished": len(mine) == self.count,
            "readers_finished": len(done),
            "agreement": [_agreement(pair) for pair in combinations(sorted(done.items()), 2)]
            if by in done
            else [],
        }

    def answer(self, by: str, number: int, answer: str, request: str) -> Json:
        """Keep an answer; a later one to the same place counts instead.

        Raises
        ------
        TableError
            If there is no such place or kind.
        StoreError
            If it cannot be written.
        """
        if number not in self._places:
            raise TableError(expected_got("number", f"1 to {self.count}", number))
        if answer not in WORDS:
            raise TableError(expected_got("answer", ", ".join(WORDS), said(answer)))
        after: State = {"kind": WORDS[answer]}
        event = self._decisions.add(
            by, self.mark, "", str(number), "answer", lambda _: after, request=request
        )
        mine = self.answers().get(by, {})
        if len(mine) == self.count:
            self._write(by, mine)
        return {
            "revision": event.revision,
            "number": number,
            "answer": WORDS[answer],
            "answered": len(mine),
            "finished": len(mine) == self.count,
        }

    def answers(self) -> dict[str, dict[int, str]]:
        """What each reader has answered, by number."""
        found: dict[str, dict[int, str]] = {}
        for event in self._decisions.since(0):
            if event.run == self.mark and _is_answer(event, self._places):
                found.setdefault(event.by, {})[int(event.box)] = str((event.after or {})["kind"])
        return found

    def _write(self, by: str, mine: dict[int, str]) -> None:
        path = inside(self.folder / ANSWERS, f"{_file_name(by)}.csv")
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
            write_csv(stream, self.rows(mine))

    def rows(self, mine: dict[int, str]) -> list[list[object]]:
        """A reader's answers as `evaluate --answers` reads them."""
        return [
            list(COLUMNS),
            *([number, kind, "", self.mark] for number, kind in sorted(mine.items())),
        ]


def _file_name(by: str) -> str:
    """A file's name for a reader; readers of different names have different ones."""
    plain_name = re.sub(r"[^A-Za-z0-9._+-]+", "_", by).strip(".")
    if plain_name == by:
        return by
    return f"{plain_name or 'reader'}-{hashlib.sha256(by.encode()).hexdigest()[:8]}"


def _is_answer(event: Event, places: dict[int, _Place]) -> bool:
    kind = (event.after or {}).get("kind")
    return event.box.isdigit() and int(event.box) in places and kind in KINDS


def _places(page: Path) -> dict[int, _Place]:
    """Where each picture is, without keeping any."""
    found: dict[int, _Place] = {}
    at = 0
    with page.open("rb") as stream:
        for line in stream:
            match = _PICTURE.match(line.decode("utf-8", "replace")) if b"<img" in line else None
            if match:
                start = line.index(b"base64,") + len(b"base64,")
                end = line.find(b'"', start)
                if end > start:
                    found[int(match[1])] = _Place(at + start, at + end)
            at += len(line)
    return found


def _agreement(pair: tuple[tuple[str, dict[int, str]], tuple[str, dict[int, str]]]) -> Json:
    (first, a), (second, b) = pair
    numbers = sorted(a)
    one, other = (np.array([KINDS.index(given[k]) for k in numbers]) for given in (a, b))
    return {
        "readers": [first, second],
        "same": float((one == other).mean()),
        "kappa": cohen(one, other),
    }
