"""Candidates whose truth is known, and their division by galaxy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got
from clumpscope.ops.hashed import hashed

Values = NDArray[np.float64]
Chosen = NDArray[np.bool_]

LEAST = 50  # candidates that a curve is fitted to


@dataclass(frozen=True, eq=False)
class Candidates:
    """N candidates.

    Attributes
    ----------
    galaxy
        (N,) id of its galaxy.
    p, snr
        (N,) raw probability and signal-to-noise, finite.
    real
        (N,) whether it is a normal clump of true u flux ratio >= 1 %.
    """

    galaxy: NDArray[np.str_]
    p: Values
    snr: Values
    real: Chosen

    def __len__(self) -> int:
        return len(self.p)

    def where(self, keep: Chosen) -> "Candidates":
        """Those that ``keep``."""
        return Candidates(self.galaxy[keep], self.p[keep], self.snr[keep], self.real[keep])

    def checked(self) -> "Candidates":
        """The same.

        Raises
        ------
        TableError
            If they are too few to be fitted, or all of one kind.
        """
        if len(self) < LEAST:
            what = "candidates of known probability and signal-to-noise"
            raise TableError(expected_got(what, f"at least {LEAST}", len(self)))
        if self.real.all() or not self.real.any():
            got = f"{len(self)} {'real' if self.real.all() else 'that are not'}"
            raise TableError(expected_got("candidates", "real ones and others", got))
        return self


def parts(galaxy: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    """(N,) which of ``count`` parts each candidate's galaxy belongs to, by its id and the seed.

    A galaxy stays in its part whatever others there are.
    """
    ids, row = np.unique(galaxy, return_inverse=True)
    of_id = hashed(ids.tolist(), f"{seed} ") % np.uint64(count)
    return of_id.astype(np.intp)[row]
