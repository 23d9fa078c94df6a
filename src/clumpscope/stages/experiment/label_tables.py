"""Tables 1, 4 and 9 of Popp et al. 2024: numbers of galaxies and clumps."""

from collections.abc import Mapping, Sequence

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.clump_columns import RATIOS
from clumpscope.core.records import SPLITS
from clumpscope.core.schema import plain

# What labels cannot tell: which galaxies nobody marked, or were left out before.
_BEFORE = {
    "Galaxy Zoo 2": 304_122,
    "with a spectroscopic redshift": 243_500,
    "redshift in range": 225_085,
    "not smooth: Galaxy Zoo: Clump Scout": 53_613,
    "after the consensus": 20_683,
    "bulges removed": 20_646,
    "after the padding": 18_772,
}


def table_1(steps: Sequence[tuple[str, int, int, int, int]]) -> Table:
    """Table 1: galaxies after each cut.

    Parameters
    ----------
    steps
        Name of each cut of the labels, and how many galaxies, boxes, normal and odd ones it left.

    Returns
    -------
    The paper's steps, without clumps, then those of these labels.
    """
    rows = [("paper", name, galaxies, -1, -1, -1) for name, galaxies in _BEFORE.items()]
    rows += [("these labels", *step) for step in steps]
    names = ("of", "selection", "galaxies", "clumps", "normal", "odd")
    columns = zip(*rows, strict=True)
    table = Table([list(column) for column in columns], names=names, masked=True)
    for name in names[3:]:
        table[name].mask = np.asarray(table[name]) < 0
    return table


def table_9(groups: QTable, labels: QTable) -> Table:
    """Table 9: galaxies and clumps of each part of each run-group.

    Parameters
    ----------
    groups
        Of kind `SPLIT`.
    labels
        Of kind `LABELS`, after the cuts.
    """
    names, count = np.unique(np.asarray(labels["galaxy_id"]).astype(str), return_counts=True)
    ids = np.asarray(groups["galaxy_id"]).astype(str)
    place = np.minimum(np.searchsorted(names, ids), len(names) - 1)
    clumps = np.where(names[place] == ids, count[place], 0)
    number, part = plain(groups, "group"), np.asarray(groups["split"]).astype(str)
    rows = []
    for group in np.unique(number):
        mine = number == group
        parts = [mine & (part == name) for name in SPLITS]
        rows.append(
            (group, *(n for rows_ in (*parts, mine) for n in (rows_.sum(), clumps[rows_].sum())))
        )
    columns = [f"{name} {what}" for name in (*SPLITS, "total") for what in ("galaxies", "clumps")]
    return Table(rows=rows, names=("group", *columns), dtype=["i8"] * (1 + len(columns)))


def table_4(catalogues: Mapping[str, Table]) -> Table:
    """Table 4: galaxies with clumps, clumps, and clumps a galaxy that has any.

    Parameters
    ----------
    catalogues
        Release table of each model, those of the labels first.
    """
    rows = []
    for name, catalogue in catalogues.items():
        ratio = plain(catalogue, "clump_flux_ratio")
        cuts: dict[str, NDArray[np.bool_]] = {"all": np.ones(len(catalogue), dtype=bool)}
        if np.isfinite(ratio).any():
            cuts |= {f"≥ {100 * least:.0f} %": ratio >= least for least in RATIOS.values()}
        rows += [(name, cut, *_counted(catalogue[kept])) for cut, kept in cuts.items()]
    kinds = ("clumps", "normal", "odd")
    averages = [f"{kind}{what}" for kind in kinds for what in ("", " a galaxy")]
    names = ("model", "u flux ratio", "clumpy galaxies", *averages)
    kind_of = ["U64", "U16", "i8", *(["i8", "f8"] * len(kinds))]
    return Table(rows=rows or None, names=names, dtype=kind_of)


def _counted(clumps: Table) -> list[float]:
    label = plain(clumps, "clump_label_id")
    ids = np.asarray(clumps["galaxy_id"]).astype(str)
    counts: list[float] = [len(np.unique(ids))]
    for kept in (np.ones(len(ids), dtype=bool), label == Label.CLUMP, label == Label.ODD):
        galaxies = len(np.unique(ids[kept]))
        number = int(kept.sum())
        counts += [number, number / galaxies if galaxies else float("nan")]
    return counts
