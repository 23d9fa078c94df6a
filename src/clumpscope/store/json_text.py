"""JSON of others, whatever is wrong with it being one kind of error, and of ours."""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401  (JSON holds anything)
    """What a JSON text says.

    Raises
    ------
    ValueError
        If it is none, no UTF-8, nested too deeply, or has a number of too many digits.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def json_of(content: object) -> str:
    """A text for a file: null for what is not a number, at any depth, as JSON has none."""
    return json.dumps(_finite(content), indent=2, allow_nan=False) + "\n"


def json_line(content: object) -> str:
    """The same without breaks, for whoever reads it by program."""
    return json.dumps(_finite(content), allow_nan=False, separators=(",", ":"))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
