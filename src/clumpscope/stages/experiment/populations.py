"""Clumps and their hosts: what Figures 2, 3, 14 to 18 and 20 of Popp et al. 2024 are drawn from."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from astropy.table import QTable, Table, vstack

from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain

REDSHIFTS = np.arange(0.0, 0.26, 0.01)
KINDS = {"normal": Label.CLUMP, "odd": Label.ODD}


def centres(labels: QTable) -> Table:
    """Figure 2: centres of labels, fractions of the image's columns and rows."""
    box = corners_of(labels)
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    return Table({"label": plain(labels, "label"), "x": x, "y": y})


def masses(hosts: QTable, labels: QTable) -> Table:
    """Figure 3: redshift and stellar mass of the galaxies with labels, where both are known."""
    ids = np.asarray(hosts["galaxy_id"]).astype(str)
    labelled = np.isin(ids, np.asarray(labels["galaxy_id"]).astype(str))
    table = Table({"galaxy_id": ids})
    table["redshift"], table["log10_mass"] = plain(hosts, "redshift"), plain(hosts, "log_mass")
    known = np.isfinite(table["redshift"]) & np.isfinite(table["log10_mass"])
    return table[labelled & known]


def radii(catalogues: Mapping[str, Table]) -> Table:
    """Figure 20: half the shorter side of each clump's best box, over the r-band PSF-FWHM."""
    parts = []
    for name, clumps in catalogues.items():
        sides = np.column_stack(
            [plain(clumps, f"clump_px_{k}2") - plain(clumps, f"clump_px_{k}1") for k in "xy"]
        )
        radius = sides.min(axis=1) / 2 / plain(clumps, "FWHM_r_px") if len(clumps) else []
        parts.append(Table({"model": [name] * len(clumps), "radius_fwhm": np.asarray(radius)}))
    return _joined(parts)


def redshift_counts(catalogues: Mapping[str, Table]) -> Table:
    """Figure 14: clumps of either kind in bins of their hosts' redshift."""
    rows = []
    for name, clumps in catalogues.items():
        label, z = plain(clumps, "clump_label_id"), plain(clumps, "galaxy_z")
        for kind, wanted in KINDS.items():
            count = np.histogram(z[(label == wanted) & np.isfinite(z)], REDSHIFTS)[0]
            edges = pairwise(REDSHIFTS.round(4).tolist())
            rows += [(name, kind, *edge, n) for edge, n in zip(edges, count, strict=True)]
    names = ("model", "kind", "redshift_low", "redshift_high", "clumps")
    return Table(rows=rows or None, names=names, dtype=["U64", "U8", "f8", "f8", "i8"])


def colours(catalogues: Mapping[str, Table], kind: str) -> Table:
    """Figures 15 and 16: corrected colours of clumps of a kind, where they are known."""
    parts = []
    for name, clumps in catalogues.items():
        mine = clumps[plain(clumps, "clump_label_id") == KINDS[kind]]
        table = Table({"model": [name] * len(mine)})
        table["g_r"] = plain(mine, "clump_mag_corr_g_r")
        table["u_g"] = plain(mine, "clump_mag_corr_u_g")
        parts.append(table[np.isfinite(table["g_r"]) & np.isfinite(table["u_g"])])
    return _joined(parts)


def hosts_of(catalogues: Mapping[str, Table], column: str) -> Table:
    """Figures 17 and 18: redshift and another property of hosts of a normal clump.

    ``column`` is ``galaxy_lssfr`` or ``galaxy_lmass``.
    """
    parts = []
    for name, clumps in catalogues.items():
        mine = clumps[plain(clumps, "clump_label_id") == Label.CLUMP]
        ids, first = np.unique(np.asarray(mine["galaxy_id"]).astype(str), return_index=True)
        table = Table({"model": [name] * len(ids), "galaxy_id": ids})
        table["redshift"] = plain(mine, "galaxy_z")[first]
        table[column] = plain(mine, column)[first]
        parts.append(table[np.isfinite(table["redshift"]) & np.isfinite(table[column])])
    return _joined(parts)


def _joined(parts: list[Table]) -> Table:
    filled = [part for part in parts if len(part)] or parts[:1]
    return vstack(filled) if len(filled) > 1 else filled[0]
