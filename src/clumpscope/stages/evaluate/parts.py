"""Which galaxies a threshold is chosen on, and which it is judged on."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray


def validation_part(ids: Sequence[str], share: float) -> NDArray[np.bool_]:
    """(N,) True for the galaxies to choose a threshold on, ``share`` of all on average.

    A galaxy's part follows from its id alone: it is the same in every table, in every order, and
    whatever other galaxies there are; and what is in a smaller share is in a larger one, too.
    """
    places = (int.from_bytes(sha256(one.encode()).digest()[:8], "big") / 2**64 for one in ids)
    return np.fromiter(places, dtype=float, count=len(ids)) < share
