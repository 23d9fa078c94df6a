"""Table of refined clumps."""

from collections.abc import Sequence

import numpy as np
from astropy.table import QTable
from astropy.wcs import WCS

from clumpscope.core.boxes import LABEL_NAMES, Label
from clumpscope.core.clumps import clump_table
from clumpscope.core.frames import native_to_sky
from clumpscope.stages.refine.clumps import Refined


def positions_table(galaxies: Sequence[tuple[str, WCS | None, Refined]]) -> QTable:
    """One clump table of level "positions" for many galaxies, in the order given.

    Clumps count from 1 in each galaxy; sky positions are NaN without a WCS.
    """
    if not galaxies:
        return clump_table("positions", {})
    ids, _, refined = zip(*galaxies, strict=True)
    counts = [len(one) for one in refined]
    sky = np.concatenate([native_to_sky(one.xy, wcs) for _, wcs, one in galaxies])
    xy = np.concatenate([one.xy for one in refined])
    label = np.concatenate([one.label for one in refined])
    box = np.concatenate([one.box for one in refined])
    probabilities = np.concatenate([one.probabilities for one in refined])
    return clump_table(
        "positions",
        {
            "galaxy_id": np.repeat(ids, counts),
            "clump_id": np.concatenate([np.arange(1, count + 1) for count in counts]),
            "clump_label_id": label,
            "clump_label_name": np.array(["", *LABEL_NAMES.values()])[label],
            "clump_score": np.concatenate([one.score for one in refined]),
            "p_background": probabilities[:, Label.BACKGROUND],
            "p_clump": probabilities[:, Label.CLUMP],
            "p_odd": probabilities[:, Label.ODD],
            "clump_centre_ra": sky[:, 0],
            "clump_centre_dec": sky[:, 1],
            "clump_centre_px_x": xy[:, 0],
            "clump_centre_px_y": xy[:, 1],
            "clump_px_x1": box[:, 0],
            "clump_px_x2": box[:, 2],
            "clump_px_y1": box[:, 1],
            "clump_px_y2": box[:, 3],
            "n_members": np.concatenate([one.n_members for one in refined]),
            "FWHM_r_px": np.repeat([one.psf_fwhm_r_px for one in refined], counts),
            "FWHM_r_arcsec": np.repeat([one.psf_fwhm_r_arcsec for one in refined], counts),
            "flags": np.concatenate([one.flags for one in refined]),
        },
    )
