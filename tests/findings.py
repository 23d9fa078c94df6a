"""Tables of a run and of its truth, as an evaluation takes them."""

from astropy.table import QTable

from clumpscope.core.clumps import clump_table
from clumpscope.core.records import GALAXIES, TRUTH, record_table

FWHM_PX = 4.0


def galaxies(*ids: str) -> QTable:
    n = len(ids)
    return record_table(
        GALAXIES,
        {
            "galaxy_id": list(ids),
            "psf_fwhm_r": [FWHM_PX * 0.4] * n,
            "pixscale_arcsec": [0.4] * n,
            "host_px_x": [49.5] * n,
            "host_px_y": [49.5] * n,
            "score_threshold": [0.3] * n,
        },
    )


def truth(rows: list[tuple[str, float, float, int, float]]) -> QTable:
    ids, x, y, label, ratio = zip(*rows, strict=True)
    return record_table(
        TRUTH,
        {
            "galaxy_id": ids,
            "clump_id": range(1, len(ids) + 1),
            "x": x,
            "y": y,
            "label": label,
            "flux_ratio_u": ratio,
        },
    )


def found(rows: list[tuple[str, float, float, int, float, float]]) -> QTable:
    names = ("galaxy_id", "clump_centre_px_x", "clump_centre_px_y", "clump_label_id")
    names += ("clump_score", "clump_flux_ratio")
    return clump_table("release", dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
