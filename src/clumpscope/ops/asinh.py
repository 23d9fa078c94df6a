"""Pixels stored on an asinh scale, as Pan-STARRS stores its stacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.cards import number
from clumpscope.errors import ImageError, expected_got

_ALPHA = 2.5 * np.log10(np.e)
_KEYS = ("BOFFSET", "BSOFTEN")


@dataclass(frozen=True)
class Asinh:
    """The scale C = a asinh((L - offset) / (2 softening)), a = 2.5 log10(e).

    Waters et al. 2020 (ApJS 251, 4); ``offset`` and ``softening`` in the unit of the linear L.
    """

    offset: float
    softening: float

    def linear(self, stored: ArrayLike) -> NDArray[np.float64]:
        """Linear pixels of stored ones, of any shape; infinite where they are beyond all bounds."""
        with np.errstate(over="ignore"):
            rise = np.sinh(np.asarray(stored, dtype=float) / _ALPHA)
            found: NDArray[np.float64] = self.offset + 2 * self.softening * rise
        return found


def asinh_of(header: Mapping[str, Any], where: object) -> Asinh | None:
    """The asinh scale that a header's BOFFSET and BSOFTEN say; ``None`` if it has neither.

    Raises
    ------
    ImageError
        If it has only one, or they are no numbers or BSOFTEN is not positive.
    """
    if not any(key in header for key in _KEYS):
        return None
    offset, softening = (number(header, key, where, ImageError) for key in _KEYS)
    if softening <= 0:
        raise ImageError(expected_got(f"{where} BSOFTEN", "a positive number", softening))
    return Asinh(offset, softening)
