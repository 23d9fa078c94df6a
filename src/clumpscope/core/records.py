"""Tables other than clumps: hosts, truth, labels, votes, detections, galaxies, failures."""

import math
from collections.abc import Iterable, Mapping

from astropy.table import QTable

from clumpscope.core.bands import SDSS_BANDS, band_info, in_order
from clumpscope.core.questions import QUESTIONS
from clumpscope.core.schema import ColumnSpec, build_table

SCHEMA_VERSION = 1


def _specs(*rows: tuple[str, str, str, str, str]) -> list[ColumnSpec]:
    return [ColumnSpec(name, "", *rest) for name, *rest in rows]


def _per_band(bands: Iterable[str], stem: str, unit: str, ucd: str, what: str) -> list[ColumnSpec]:
    return [
        ColumnSpec(f"{stem}_{band}", "", "f8", unit, ucd, f"{what} in {band}") for band in bands
    ]


def with_sdss(bands: Iterable[str]) -> tuple[str, ...]:
    """Those of SDSS, which every table of hosts, truth and galaxies has, and ``bands``."""
    return in_order([*SDSS_BANDS, *bands])


_ID = ("galaxy_id", "str", "", "meta.id;meta.main", "galaxy")
_BOX = [
    ("x1", "f8", "", "pos.cartesian.x;stat.min", "left edge, fraction of the columns"),
    ("y1", "f8", "", "pos.cartesian.y;stat.min", "first-row edge, fraction of the rows"),
    ("x2", "f8", "", "pos.cartesian.x;stat.max", "right edge, fraction of the columns"),
    ("y2", "f8", "", "pos.cartesian.y;stat.max", "last-row edge, fraction of the rows"),
]
_PROBABILITIES = [
    ("p_background", "f8", "", "stat.probability", "class probability: background"),
    ("p_clump", "f8", "", "stat.probability", "class probability: clump"),
    ("p_odd", "f8", "", "stat.probability", "class probability: odd clump"),
]

_PSF_FWHM = ("psf_fwhm", "arcsec", "phys.angSize;instr.det.psf", "adaptive-moment PSF-FWHM")
CORNERS = tuple(name for name, *_ in _BOX)
PROBABILITIES = tuple(name for name, *_ in _PROBABILITIES)


def hosts_in(bands: Iterable[str] = ()) -> list[ColumnSpec]:
    """Columns of a host table, in SDSS's bands and others."""
    bands = with_sdss(bands)
    radius = ("f8", "arcsec", "phys.angSize")
    return [
        *_specs(
            _ID,
            ("ra", "f8", "deg", "pos.eq.ra;meta.main", "right ascension (ICRS)"),
            ("dec", "f8", "deg", "pos.eq.dec;meta.main", "declination (ICRS)"),
            ("redshift", "f8", "", "src.redshift", "redshift"),
            ("petro_r50_arcsec", *radius, "radius of half the Petrosian r flux"),
            ("petro_r90_arcsec", *radius, "radius of 90 % of the Petrosian r flux"),
        ),
        *_per_band(bands, "petro_flux", "nmgy", "phot.flux", "Petrosian flux (r-band aperture)"),
        *_per_band(
            bands, "petro_flux_err", "nmgy", "stat.error;phot.flux", "error of the Petrosian flux"
        ),
        *_per_band(bands, *_PSF_FWHM),
        *_specs(
            ("ebv", "f8", "mag", "phys.absorption.gal", "E(B-V) of SFD98, unscaled"),
            ("log_mass", "f8", "", "phys.mass", "log10 stellar mass / solar masses"),
            ("log_ssfr", "f8", "", "phys.SFR", "log10 specific star-formation rate / (1/yr)"),
            ("axis_ratio", "f8", "", "src.ellipticity", "minor over major axis"),
            ("position_angle_deg", "f8", "deg", "pos.posAng", "position angle, east of north"),
            ("pixscale_arcsec", "f8", "arcsec", "instr.scale", "pixel side"),
            ("field_arcsec", "f8", "arcsec", "instr.fov", "side of the cutout"),
            ("specobjid", "i8", "", "meta.id", "SDSS spectroscopic id; 0 unknown"),
            ("dr7objid", "i8", "", "meta.id", "SDSS DR7 object id; 0 unknown"),
            ("flags", "i4", "", "meta.code.qual", "bits of ClumpFlag that hold for the host"),
        ),
    ]


def truth_in(bands: Iterable[str] = ()) -> list[ColumnSpec]:
    """Columns of a truth table, in SDSS's bands and others."""
    return [
        *_specs(
            _ID,
            ("clump_id", "i4", "", "meta.id", "number in the galaxy, from 1"),
            ("ra", "f8", "deg", "pos.eq.ra", "right ascension (ICRS)"),
            ("dec", "f8", "deg", "pos.eq.dec", "declination (ICRS)"),
            ("x", "f8", "pix", "pos.cartesian.x", "column, native 0-based"),
            ("y", "f8", "pix", "pos.cartesian.y", "row, native 0-based"),
            ("label", "i4", "", "meta.code.class", "1 clump, 2 odd clump"),
            ("flux_ratio_u", "f8", "", "phot.flux;arith.ratio", "clump over host flux in u"),
        ),
        *_per_band(with_sdss(bands), "flux", "nmgy", "phot.flux", "true flux"),
    ]


def stars_in(bands: Iterable[str] = ()) -> list[ColumnSpec]:
    """Columns of a sample's stars: a row for each cutout that the light of a star reaches."""
    angle = "phys.angSize"
    return [
        *_specs(
            _ID,
            ("ra", "f8", "deg", "pos.eq.ra", "right ascension (ICRS)"),
            ("dec", "f8", "deg", "pos.eq.dec", "declination (ICRS)"),
            ("radius", "f8", "arcsec", angle, "where its wings fall below 0.3 sigma of the sky"),
            ("spike_length", "f8", "arcsec", angle, "length of its diffraction spikes; 0 none"),
            ("spike_angle", "f8", "deg", "pos.posAng", "position angle of a spike"),
            ("saturated", "bool", "", "meta.code.qual", "saturated in a band"),
            ("faint", "bool", "", "meta.code.qual", "fitted with the clumps, not masked"),
        ),
        *_per_band(bands, "mag", "mag", "phot.mag", "AB magnitude"),
    ]


HOSTS = hosts_in()
STARS = stars_in(SDSS_BANDS)
TRUTH = truth_in()

# What injections add to hosts: who shares a host with whom.
INJECTED = _specs(
    ("host_id", "str", "", "meta.id.parent", "galaxy whose image this one was made from"),
)

LABELS = _specs(
    _ID,
    ("label", "i4", "", "meta.code.class", "1 clump, 2 odd clump"),
    *_BOX,
    ("ra", "f8", "deg", "pos.eq.ra", "right ascension of the centre (ICRS)"),
    ("dec", "f8", "deg", "pos.eq.dec", "declination of the centre (ICRS)"),
)

VOTES = _specs(
    _ID,
    *(
        (column, "i4", "", "meta.number", f"votes: {question.name}? {answer}".replace("_", " "))
        for question in QUESTIONS
        for column, answer in zip(question.columns, question.answers, strict=True)
    ),
)

# What a consensus of volunteers adds to labels.
CONSENSUS = _specs(
    ("probability", "f8", "", "stat.probability", "that this is a clump or odd clump at all"),
    ("p_odd", "f8", "", "stat.probability", "that it is an odd clump, if it is one"),
    ("tool_mean", "f8", "", "stat.mean", "share of its marks made with the odd tool"),
    ("n_marks", "i4", "", "meta.number", "volunteers who marked it"),
    ("n_looks", "i4", "", "meta.number", "volunteers who looked at the image"),
)

SPLIT = _specs(
    _ID,
    ("group", "i4", "", "meta.id", "run-group, from 1 (Popp et al. 2024, Table 9)"),
    ("split", "str", "", "meta.code.class", "train, validation or test"),
)
SPLITS = ("train", "validation", "test")

DETECTIONS = _specs(
    _ID,
    *_BOX,
    ("score", "f8", "", "stat.probability", "score of the label"),
    ("label", "i4", "", "meta.code.class", "1 clump, 2 odd clump"),
    *_PROBABILITIES,
)


def galaxies_in(bands: Iterable[str] = ()) -> list[ColumnSpec]:
    """Columns of a run's galaxies, in SDSS's bands and others."""
    pixel = ("f8", "pix")
    return [
        *_specs(
            _ID,
            ("status", "str", "", "meta.code.status", "ok or failed"),
            ("n_detections", "i4", "", "meta.number", "boxes above the score floor"),
            ("n_clumps", "i4", "", "meta.number", "clumps in the catalogue, both labels"),
            ("n_normal", "i4", "", "meta.number", "clumps labelled 1"),
        ),
        *_per_band(with_sdss(bands), *_PSF_FWHM),
        *_specs(
            ("pixscale_arcsec", "f8", "arcsec", "instr.scale", "pixel side"),
            ("field_arcsec", "f8", "arcsec", "instr.fov", "longer side of the image"),
            ("host_px_x", *pixel, "pos.cartesian.x;instr.det", "host's centre, column, 0-based"),
            ("host_px_y", *pixel, "pos.cartesian.y;instr.det", "host's centre, row, 0-based"),
            ("petro_flux_u", "f8", "nmgy", f"phot.flux;{band_info('u').ucd}", "host flux in u"),
            ("score_threshold", "f8", "", "stat.probability", "threshold applied"),
            ("outline", "bool", "", "meta.code", "a host outline was found"),
            ("flags", "i4", "", "meta.code.qual", "bits of ClumpFlag that hold for all its clumps"),
        ),
    ]


GALAXIES = galaxies_in()

FAILURES = _specs(
    _ID,
    ("stage", "str", "", "meta.note", "stage that failed"),
    ("error", "str", "", "meta.note", "what went wrong"),
)
WORKER = "worker"  # stage of a galaxy that ended the process which worked on it


_JUDGED = _specs(
    ("finder", "str", "", "meta.id", "run or classical finder"),
    _ID,
    ("x", "f8", "pix", "pos.cartesian.x", "column, native 0-based"),
    ("y", "f8", "pix", "pos.cartesian.y", "row, native 0-based"),
    ("label", "i4", "", "meta.code.class", "1 clump, 2 odd clump"),
    ("flux_ratio", "f8", "", "phot.flux;arith.ratio", "clump over host flux in u"),
    ("snr", "f8", "", "stat.snr", "signal-to-noise in g"),
    (
        "contrast",
        "f8",
        "",
        "phot.flux.sb;arith.ratio",
        "brightness within the PSF-FWHM over host's",
    ),
    ("psf_fwhm_arcsec", "f8", "arcsec", "phys.angSize;instr.det.psf", "PSF-FWHM in r"),
    ("redshift", "f8", "", "src.redshift", "redshift of the host"),
    ("radius_r90", "f8", "", "pos.angDistance", "from the host's centre, in Petrosian R90"),
    ("crowding_fwhm", "f8", "", "pos.angDistance", "to the next one, in PSF-FWHM; inf beyond 20"),
)
# What an evaluation says of each candidate (measured) and of each truth (true), blends as one.
FOUND = [
    *_JUDGED,
    *_specs(
        ("clump_id", "i4", "", "meta.id", "number in the finder's catalogue"),
        ("score", "f8", "", "stat.probability", "score of the label"),
        ("p_clump", "f8", "", "stat.probability", "class probability: clump"),
        ("true_label", "i4", "", "meta.code.class", "of the truth it matches; 0 none"),
        ("true_ratio", "f8", "", "phot.flux;arith.ratio", "of the truth it matches"),
        ("distance_fwhm", "f8", "", "pos.angDistance", "to the truth it matches, in PSF-FWHM"),
        ("real", "bool", "", "meta.code", "a normal truth of >= 1 %, or of unknown ratio"),
    ),
]
TRUTHS = [
    *_JUDGED,
    *_specs(
        ("score", "f8", "", "stat.probability", "of what found it; NaN if it is missed"),
        ("found_label", "i4", "", "meta.code.class", "of what found it; 0 none"),
        ("found_ratio", "f8", "", "phot.flux;arith.ratio", "measured by what found it"),
    ),
]
# What stays with whoever asks people to judge by eye.
BY_EYE = _specs(
    ("number", "i4", "", "meta.id", "number that readers see, from 1"),
    _ID,
    ("x", "f8", "pix", "pos.cartesian.x", "column, native 0-based"),
    ("y", "f8", "pix", "pos.cartesian.y", "row, native 0-based"),
    ("stratum", "str", "", "meta.code.class", "group, and roles of the finders"),
    ("probability", "f8", "", "stat.probability", "with which it was drawn"),
)


def record_table(kind: list[ColumnSpec], columns: Mapping[str, object]) -> QTable:
    """Build a table of one of the kinds above; columns not given are blank.

    Raises
    ------
    TableError
        If a column is not of this kind or the lengths differ.
    """
    return build_table(kind, columns, {"schema_version": SCHEMA_VERSION})


Columns = dict[str, object]


def table_of_rows(kind: list[ColumnSpec], rows: list[Columns]) -> QTable:
    """A table from one dictionary a row; a number that a row has not is NaN."""
    names = dict.fromkeys(name for row in rows for name in row)
    return record_table(kind, {name: [row.get(name, math.nan) for row in rows] for name in names})


def table_of_parts(kind: list[ColumnSpec], parts: list[Columns]) -> QTable:
    """A table from dictionaries of columns, one after the other.

    Numbers of a column that a part has not are NaN.
    """
    names = dict.fromkeys(name for part in parts for name in part)
    columns: dict[str, object] = {}
    for name in names:
        values: list[object] = []
        for part in parts:
            lacking = [math.nan] * len(next(iter(part.values())))  # type: ignore[arg-type]
            values.extend(part.get(name, lacking))  # type: ignore[arg-type]
        columns[name] = values
    return record_table(kind, columns)
