"""Catalogue and truth brought together: flat arrays over all galaxies of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.near import Indices, near
from clumpscope.ops.seeing import seeing

Values = NDArray[np.float64]
Chosen = NDArray[np.bool_]

TRUE_FLOOR = 0.01  # a detection of 3 % is right if the truth has at least this


@dataclass(frozen=True, eq=False)
class Points:
    """N candidates or truths of all galaxies.

    Attributes
    ----------
    row
        (N,) its row in the table that it came from; of blended truths, the brightest one's.
    galaxy
        (N,) index of each one's galaxy.
    xy
        (N, 2) native pixels.
    score
        (N,); 1 of truths.
    label
        (N,) of `Label`.
    ratio
        (N,) u flux over the host's, measured or true; NaN where unknown.
    about
        What else is known of each by name, (N,) each: see `about.COVARIATES`.
    """

    row: Indices
    galaxy: Indices
    xy: Values
    score: Values
    label: NDArray[np.int64]
    ratio: Values
    about: Mapping[str, Values] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.score)

    def where(self, keep: Chosen | Indices) -> "Points":
        """Those that ``keep``, or of these rows."""
        about = {name: values[keep] for name, values in self.about.items()}
        return Points(
            self.row[keep],
            self.galaxy[keep],
            self.xy[keep],
            self.score[keep],
            self.label[keep],
            self.ratio[keep],
            about,
        )


@dataclass(frozen=True, eq=False)
class Cases:
    """G galaxies: what was found, what is there (blended), and their scales.

    Attributes
    ----------
    ids
        (G,) names of the galaxies.
    fwhm_px
        (G,) PSF-FWHM in r, native pixels; 1 where it is unknown, of a galaxy that failed.
    pixscale_arcsec
        (G,) pixel side; NaN where unknown.
    centre
        (G, 2) of the host, native pixels; NaN where unknown.
    """

    ids: NDArray[np.str_]
    found: Points
    truth: Points
    fwhm_px: Values
    pixscale_arcsec: Values
    centre: Values

    def __len__(self) -> int:
        return len(self.ids)


def cases(catalogue: QTable, galaxies: QTable, truth: QTable) -> Cases:
    """Bring catalogue and truth together over all galaxies of the run.

    Parameters
    ----------
    catalogue, galaxies
        Tables of a run: a release table, its galaxies.
    truth
        Native pixels, labels and true flux ratios (NaN where unknown); optional columns of
        `about.COVARIATES`. Rows of other galaxies do not count.

    Raises
    ------
    TableError
        If no galaxy of the truth is in the run.
    """
    ids = plain(galaxies, "galaxy_id").astype(str)
    fwhm = seeing(galaxies)
    pixscale = plain(galaxies, "pixscale_arcsec").astype(float)
    width = fwhm / pixscale
    width = np.where(np.isfinite(width) & (width > 0), width, 1.0)
    found, there = (index_of(table, ids) for table in (catalogue, truth))
    if len(truth) and (there < 0).all():
        names = sorted(set(map(str, truth["galaxy_id"])))[:3]
        raise TableError(expected_got("truth", "galaxies of the run", names))
    candidates = Points(
        np.arange(len(catalogue)),
        found,
        np.column_stack([plain(catalogue, f"clump_centre_px_{axis}") for axis in "xy"]),
        plain(catalogue, "clump_score"),
        plain(catalogue, "clump_label_id"),
        plain(catalogue, "clump_flux_ratio"),
    )
    truths = Points(
        np.arange(len(truth)),
        there,
        np.column_stack([plain(truth, axis) for axis in "xy"]),
        np.ones(len(truth)),
        plain(truth, "label"),
        plain(truth, "flux_ratio_u"),
        {name: plain(truth, name) for name in ("snr", "contrast") if name in truth.colnames},
    )
    return Cases(
        ids,
        candidates.where(found >= 0),
        blend(truths.where(there >= 0), width),
        width,
        pixscale,
        np.column_stack([plain(galaxies, f"host_px_{axis}") for axis in "xy"]).astype(float),
    )


def index_of(table: QTable, ids: NDArray[np.str_]) -> Indices:
    """(N,) place of each row's galaxy in ``ids``; -1 if it is none of them."""
    order = np.argsort(ids)
    names = plain(table, "galaxy_id").astype(str)
    if not len(ids):
        return np.full(len(names), -1)
    place = order[np.searchsorted(ids, names, sorter=order).clip(max=len(ids) - 1)]
    found: Indices = np.where(ids[place] == names, place, -1)
    return found


def blend(truth: Points, fwhm_px: Values) -> Points:
    """Join truths of a galaxy that are closer than one PSF-FWHM.

    Position is the mean weighted by ratio; ratio, signal-to-noise and contrast are sums, the
    label is the brightest one's (of equal ones, a clump's). A ratio is unknown if that of all is.

    Parameters
    ----------
    fwhm_px
        (G,) of each galaxy.
    """
    n = len(truth)
    i, j, _ = near(truth.xy, truth.galaxy, truth.xy, truth.galaxy, fwhm_px)
    graph = coo_array((np.ones(len(i)), (i, j)), (n, n))
    group: Indices = connected_components(graph, directed=False)[1].astype(np.intp)
    known = np.isfinite(truth.ratio)
    weight = np.where(known & (truth.ratio > 0), truth.ratio, 1e-9)

    def total(values: Values) -> Values:
        return np.bincount(group, values).astype(float)

    # The brightest of each group; of equal ones a clump goes first, then the least x and y.
    order = np.lexsort((*truth.xy.T[::-1], truth.label, -weight, group))
    brightest: Indices = order[np.unique(group[order], return_index=True)[1]]
    one = truth.where(brightest)
    alone = np.bincount(group)[:, None] == 1
    middle = np.column_stack([total(weight * axis) for axis in truth.xy.T]) / total(weight)[:, None]
    ratio = np.where(total(known.astype(float)) > 0, total(weight), np.nan)
    return replace(
        one,
        xy=np.where(alone, one.xy, middle),
        ratio=np.where(alone[:, 0], one.ratio, ratio),
        about={name: total(values) for name, values in truth.about.items()},
    )


def rotated(items: Cases) -> Cases:
    """Truths turned by 180 degrees about the host: what chance would match.

    Galaxies without a known centre have neither truths nor candidates then.
    """
    known: Chosen = np.asarray(np.isfinite(items.centre).all(axis=1))
    truth = items.truth.where(known[items.truth.galaxy])
    turned = replace(truth, xy=2 * items.centre[truth.galaxy] - truth.xy)
    return replace(items, truth=turned, found=items.found.where(known[items.found.galaxy]))
