"""JSON of others: whatever is wrong with it is one kind of error."""

import json
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
