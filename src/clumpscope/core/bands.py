"""Bands: their order, what is known of each, and the colours between them."""

from collections.abc import Collection

SDSS_BANDS = ("u", "g", "r", "i", "z")


BAND_UCD = {
    "u": "em.opt.U",
    "g": "em.opt.B",
    "r": "em.opt.R",
    "i": "em.opt.I",
    "z": "em.opt.I",
}


COLOURS = ("u_g", "g_r", "r_i", "i_z")


# A_b / E(B-V), R_V = 3.1, on unscaled SFD98 (Schlafly & Finkbeiner 2011, Table 6, SDSS).
R_BAND = {"u": 4.239, "g": 3.303, "r": 2.285, "i": 1.698, "z": 1.263}


# Without r, the band nearest to it stands in, redder first: it shows the host best.
REFERENCE_ORDER = ("r", "i", "z", "g", "y", "u")


def reference_of(bands: Collection[str]) -> str:
    """The first of `REFERENCE_ORDER` among some bands, else the first by name."""
    return next((band for band in REFERENCE_ORDER if band in bands), min(bands))
