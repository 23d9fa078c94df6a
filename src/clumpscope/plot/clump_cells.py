"""What a drawn table says about a galaxy's clumps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable

from clumpscope.core.bands import from_text
from clumpscope.core.boxes import LABEL_NAMES, Label
from clumpscope.core.flags import DESCRIPTIONS, ClumpFlag, flag_names
from clumpscope.core.schema import plain

_NONE = "–"
_LEAST_SNR = 2.0  # of a magnitude; fainter ones are 2-sigma limits

Cell = tuple[str, str]  # what stands above, and smaller below


@dataclass(frozen=True)
class Column:
    """A column: two lines of heading, a cell a clump, and its width in inches."""

    head: Cell
    cells: Sequence[Cell]
    width: float


def columns(clumps: QTable) -> list[Column]:
    """Columns of a clump table of any level, but for the flags.

    Magnitudes, signal-to-noise and flux ratio are there if the table is of level "release" and
    anything was measured; else there are pixel positions.
    """
    names = [LABEL_NAMES[Label(int(label))].split() for label in plain(clumps, "clump_label_id")]
    found = [
        Column(("clump", ""), _numbers(clumps, "clump_id", "d"), 0.48),
        Column(("class", ""), [(name[0], "".join(name[1:])) for name in names], 0.5),
        Column(("score", ""), _numbers(clumps, "clump_score", ".2f"), 0.48),
    ]
    if _measured(clumps):
        found += _photometry(clumps)
    else:
        found += [
            Column((axis, "pix"), _numbers(clumps, f"clump_centre_px_{axis}", "z.1f"), 0.6)
            for axis in "xy"
        ]
    if "quality" in clumps.colnames:
        found.append(Column(("quality", ""), _numbers(clumps, "quality", "d"), 0.58))
    return found


def _measured(clumps: QTable) -> bool:
    if clumps.meta.get("level") != "release":
        return False
    fluxes = [plain(clumps, f"clump_flux_{band}") for band in from_text(clumps.meta["bands"])]
    return bool(np.isfinite(fluxes).any())


def _photometry(clumps: QTable) -> list[Column]:
    bands = from_text(clumps.meta["bands"])
    found = [Column((band, "AB mag"), _magnitudes(clumps, band), 0.6) for band in bands]
    if "u" in bands:
        flux, error = (plain(clumps, f"clump_flux{stem}_u") for stem in ("", "_err"))
        snr = np.divide(flux, error, out=np.full(len(flux), np.nan), where=error > 0)
        found.append(Column(("S/N", "u"), [(_text(value, "z.1f"), "") for value in snr], 0.46))
    ratio, error = (100 * plain(clumps, f"clump_flux_ratio{stem}") for stem in ("", "_err"))
    shares = [_with_error(*pair, "z.1f") for pair in zip(ratio, error, strict=True)]
    chance = _numbers(clumps, "p_3pct", ".2f")
    return [*found, Column(("u/host", "%"), shares, 0.55), Column(("p_3pct", ""), chance, 0.55)]


def _text(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else _NONE


def _numbers(clumps: QTable, name: str, form: str) -> list[Cell]:
    return [(_text(value, form), "") for value in plain(clumps, name).tolist()]


def _with_error(value: float, error: float, form: str) -> Cell:
    known = np.isfinite(value) and np.isfinite(error)
    return _text(value, form), f"±{error:{form}}" if known else ""


def _magnitudes(clumps: QTable, band: str) -> list[Cell]:
    """Magnitudes and errors; below the least S/N the upper limit of the flux."""
    stems = ("flux", "flux_err", "mag", "mag_err", "mag_limit")
    values = (plain(clumps, f"clump_{stem}_{band}").astype(float) for stem in stems)
    return [
        _with_error(mag, mag_err, ".2f")
        if flux >= _LEAST_SNR * error
        else (f"> {limit:.2f}" if np.isfinite(limit) else _NONE, "")
        for flux, error, mag, mag_err, limit in zip(*values, strict=True)
    ]


def flag_words(clumps: QTable) -> list[list[str]]:
    """Names of each clump's flags, but for those that all of several clumps have."""
    own = plain(clumps, "flags").astype(np.int64) & ~_shared(clumps)
    return flag_names(own)


def flag_notes(clumps: QTable) -> list[str]:
    """What the flags of these clumps mean; those that all have are said to be so."""
    flags, shared = plain(clumps, "flags").astype(np.int64), _shared(clumps)
    return [
        f"{'all clumps: ' if flag & shared else ''}{flag.name}: {DESCRIPTIONS[flag]}"
        for flag in ClumpFlag(int(np.bitwise_or.reduce(flags)))
    ]


def _shared(clumps: QTable) -> int:
    flags = plain(clumps, "flags").astype(np.int64)
    return int(np.bitwise_and.reduce(flags)) if len(flags) > 1 else 0
