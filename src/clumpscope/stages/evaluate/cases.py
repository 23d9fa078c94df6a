"""Catalogue and truth brought together, galaxy by galaxy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got

Values = NDArray[np.float64]


MATCH_RADIUS_FWHM = 0.75


TRUE_FLOOR = 0.01  # a detection of 3 % is right if the truth has at least this


BINS = np.arange(-2.5, -0.24, 0.25)  # of log10 flux ratio


@dataclass(frozen=True, eq=False)
class Points:
    """N candidates or truths of one galaxy.

    ``xy`` (N, 2) native pixels, ``score`` (N,), ``label`` (N,) of `Label`, ``ratio`` (N,) u flux
    over the host's (measured or true; NaN where unknown).
    """

    xy: Values
    score: Values
    label: NDArray[np.int64]
    ratio: Values

    def __len__(self) -> int:
        return len(self.score)

    def where(self, keep: NDArray[np.bool_]) -> "Points":
        """Those that ``keep``."""
        return Points(self.xy[keep], self.score[keep], self.label[keep], self.ratio[keep])


@dataclass(frozen=True, eq=False)
class Case:
    """One galaxy: what was found, what is there (blended), and its scales in pixels."""

    galaxy_id: str
    found: Points
    truth: Points
    fwhm_px: float
    pixscale_arcsec: float
    centre: Values


def blend(truth: Points, fwhm_px: float) -> Points:
    """Join truths closer than one FWHM: mean weighted by ratio, sum of ratios, brightest label."""
    if len(truth) < 2:
        return truth
    count, group = connected_components(cdist(truth.xy, truth.xy) < fwhm_px, directed=False)
    weight = np.where(np.isfinite(truth.ratio) & (truth.ratio > 0), truth.ratio, 1e-9)
    total: Values = np.bincount(group, weight, count).astype(float)
    xy = np.column_stack(
        [np.bincount(group, weight * truth.xy[:, k], count) / total for k in range(2)]
    )
    brightest = [np.flatnonzero(group == g)[np.argmax(weight[group == g])] for g in range(count)]
    return Points(xy, truth.score[brightest], truth.label[brightest], total)


def cases(catalogue: QTable, galaxies: QTable, truth: QTable) -> list[Case]:
    """Bring catalogue and truth together, galaxy by galaxy, over all galaxies of the run.

    Raises
    ------
    TableError
        If no galaxy of the truth is in the run.
    """
    ids = [str(galaxy_id) for galaxy_id in galaxies["galaxy_id"]]
    found_rows, truth_rows = rows_by_id(catalogue), rows_by_id(truth)
    if len(truth) and not set(truth_rows) & set(ids):
        raise TableError(expected_got("truth", "galaxies of the run", sorted(truth_rows)[:3]))
    found = Points(
        np.column_stack([plain(catalogue, f"clump_centre_px_{axis}") for axis in "xy"]),
        plain(catalogue, "clump_score"),
        plain(catalogue, "clump_label_id"),
        plain(catalogue, "clump_flux_ratio"),
    )
    there = Points(
        np.column_stack([plain(truth, axis) for axis in "xy"]),
        np.ones(len(truth)),
        plain(truth, "label"),
        plain(truth, "flux_ratio_u"),
    )
    fwhm = plain(galaxies, "psf_fwhm_r").astype(float)
    pixscale = plain(galaxies, "pixscale_arcsec").astype(float)
    centres = np.column_stack([plain(galaxies, f"host_px_{axis}") for axis in "xy"]).astype(float)
    none = np.array([], dtype=np.intp)
    result = []
    for k, galaxy_id in enumerate(ids):
        # A galaxy that failed has no scales: its truths are missed whatever the radius.
        width = fwhm[k] / pixscale[k] if np.isfinite(fwhm[k] / pixscale[k]) else 1.0
        truths = _rows(there, truth_rows.get(galaxy_id, none))
        result.append(
            Case(
                galaxy_id,
                _rows(found, found_rows.get(galaxy_id, none)),
                blend(truths, width),
                width,
                float(pixscale[k]),
                centres[k],
            )
        )
    return result


def _rows(points: Points, rows: NDArray[np.intp]) -> Points:
    return Points(points.xy[rows], points.score[rows], points.label[rows], points.ratio[rows])


def above(items: Sequence[Case], threshold: float) -> list[Case]:
    """The same with only candidates of at least this score."""
    return [replace(case, found=case.found.where(case.found.score >= threshold)) for case in items]


def rotated(items: Sequence[Case]) -> list[Case]:
    """The same with truths turned by 180 degrees about the host: what chance would match."""
    return [
        replace(case, truth=replace(case.truth, xy=2 * case.centre - case.truth.xy))
        for case in items
        if np.isfinite(case.centre).all()
    ]
