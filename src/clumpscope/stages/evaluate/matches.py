"""Which candidate is which truth: one matching serves every threshold."""

from dataclasses import dataclass, replace

import numpy as np

from clumpscope.core.boxes import Label
from clumpscope.ops.matching import MATCH_RADIUS_FWHM, match_all
from clumpscope.ops.near import Indices
from clumpscope.stages.evaluate.cases import TRUE_FLOOR, Cases, Chosen, Values


@dataclass(frozen=True, eq=False)
class Matches:
    """``of_found`` (N,) index of each candidate's truth, ``of_truth`` (M,) the reverse; -1 none."""

    of_found: Indices
    of_truth: Indices

    def real(self, items: Cases) -> Chosen:
        """(N,) candidates that are a normal clump of true ratio >= 1 %, or of unknown ratio."""
        partner = self.of_found
        truth = items.truth
        good = (truth.label == Label.CLUMP) & ~(truth.ratio < TRUE_FLOOR)
        real: Chosen = (partner >= 0) & np.append(good, False)[partner]
        return real

    def score(self, items: Cases) -> Values:
        """(M,) score of what found each truth; NaN if it is missed."""
        return np.append(items.found.score, np.nan)[self.of_truth]


def matches(items: Cases, label: Label | None = None) -> Matches:
    """Match candidates to truths closer than 0.75 PSF-FWHM, one to one, best score first.

    Those of candidates above any threshold are the same, less those below it.

    Parameters
    ----------
    label
        Only what is called so and truly is so counts; all if none is given.
    """
    found, truth = items.found, items.truth
    rows, columns = np.arange(len(found)), np.arange(len(truth))
    if label is not None:
        rows, columns = rows[found.label == label], columns[truth.label == label]
    i, j = match_all(
        found.xy[rows],
        found.galaxy[rows],
        found.score[rows],
        truth.xy[columns],
        truth.galaxy[columns],
        MATCH_RADIUS_FWHM * items.fwhm_px,
    )
    of_found, of_truth = np.full(len(found), -1), np.full(len(truth), -1)
    of_found[rows[i]], of_truth[columns[j]] = columns[j], rows[i]
    return Matches(of_found, of_truth)


def above(items: Cases, pairs: Matches, least: Values) -> tuple[Cases, Matches]:
    """Candidates of at least their galaxy's score ``least`` (G,), and their matches."""
    keep: Chosen = items.found.score >= least[items.found.galaxy]
    place = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1)
    left = replace(items, found=items.found.where(keep))
    return left, Matches(pairs.of_found[keep], place[pairs.of_truth])
