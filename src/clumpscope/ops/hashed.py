"""Galaxies divided by their ids: each on its side, whatever other galaxies there are."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def hashed(ids: Sequence[str], salt: str = "") -> NDArray[np.uint64]:
    """(N,) a whole number below 2^64 for each id, as if drawn at random; another for each salt."""
    digests = (hashlib.sha256(f"{salt}{one}".encode()).digest()[:8] for one in ids)
    return np.array([int.from_bytes(one, "big") for one in digests], dtype=np.uint64)
