"""What has been done so far, a line each, from which a command goes on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clumpscope.errors import StoreError
from clumpscope.store.json_text import parse_json


@dataclass(frozen=True)
class Journal:
    """A file of JSON lines; a last line that was cut off does not count."""

    path: Path

    def read(self) -> list[dict[str, Any]]:
        """All entries, in the order in which they were added; none if there is no file."""
        if not self.path.is_file():
            return []
        entries = []
        for line in self.path.read_bytes().splitlines(keepends=True):
            try:
                entry = parse_json(line)
            except ValueError:  # cut off, and perhaps gone on with behind
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries

    def add(self, entry: Mapping[str, object]) -> None:
        """Add an entry of texts and numbers, which come back exactly as they are.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        plain = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in entry.items()
        }
        try:
            with self.path.open("ab") as stream:
                stream.write(json.dumps(plain).encode() + b"\n")
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror or error}") from error
