"""Columns of the clump table, level by level: positions, photometry, release."""

from collections.abc import Iterable

from clumpscope.core.bands import band_info, colours
from clumpscope.core.schema import ColumnSpec

# Flux ratios from which clumps are counted (Popp et al. 2024), by their names in columns.
RATIOS = {"3pct": 0.03, "8pct": 0.08}
# Columns that catalogues of schema version 2 lack; blank, they say nothing.
VETTED = ("vetted", "vetted_by", "vetted_label")


def _per_band(
    stem: str, level: str, unit: str, ucd: str, description: str, bands: Iterable[str]
) -> list[ColumnSpec]:
    return [
        ColumnSpec(
            f"{stem}_{band}",
            level,
            "f8",
            unit,
            ucd.replace("BAND", band_info(band).ucd),
            description.replace("BAND", band),
        )
        for band in bands
    ]


def positions() -> list[ColumnSpec]:
    """Where each clump is and what the detector says of it."""
    level = "positions"
    rows = [
        ("galaxy_id", "str", "", "meta.id;meta.main", "host galaxy"),
        ("clump_id", "i4", "", "meta.id", "number of the clump in its galaxy, from 1"),
        ("clump_label_id", "i4", "", "meta.code.class", "1 clump, 2 odd clump"),
        ("clump_label_name", "str", "", "meta.code.class", "clump or odd clump"),
        ("clump_score", "f8", "", "stat.probability", "highest score of the members"),
        ("p_background", "f8", "", "stat.probability", "class probability: background"),
        ("p_clump", "f8", "", "stat.probability", "class probability: clump"),
        ("p_odd", "f8", "", "stat.probability", "class probability: odd clump"),
        ("clump_centre_ra", "f8", "deg", "pos.eq.ra;meta.main", "right ascension (ICRS)"),
        ("clump_centre_dec", "f8", "deg", "pos.eq.dec;meta.main", "declination (ICRS)"),
        ("clump_centre_px_x", "f8", "pix", "pos.cartesian.x;instr.det", "column, 0-based"),
        ("clump_centre_px_y", "f8", "pix", "pos.cartesian.y;instr.det", "row, 0-based"),
        ("clump_px_x1", "f8", "pix", "pos.cartesian.x;stat.min", "left edge of the best box"),
        ("clump_px_x2", "f8", "pix", "pos.cartesian.x;stat.max", "right edge of the best box"),
        ("clump_px_y1", "f8", "pix", "pos.cartesian.y;stat.min", "first-row edge of the best box"),
        ("clump_px_y2", "f8", "pix", "pos.cartesian.y;stat.max", "last-row edge of the best box"),
        ("n_members", "i4", "", "meta.number", "boxes that were joined"),
        ("FWHM_r_px", "f8", "pix", "phys.angSize;instr.det.psf", "PSF-FWHM in r, native pixels"),
        ("FWHM_r_arcsec", "f8", "arcsec", "phys.angSize;instr.det.psf", "PSF-FWHM in r"),
        ("flags", "i4", "", "meta.code.qual", "bits of ClumpFlag"),
    ]
    return [ColumnSpec(name, level, *rest) for name, *rest in rows]


def photometry(bands: Iterable[str], flux_unit: str) -> list[ColumnSpec]:
    """What was measured of it in each band; fluxes in ``flux_unit``, as astropy writes it."""
    bands = list(bands)
    level = "photometry"
    return [
        *_per_band(
            "clump_flux",
            level,
            flux_unit,
            "phot.flux;BAND",
            "clump flux in BAND, background-subtracted, aperture-corrected",
            bands,
        ),
        *_per_band(
            "clump_flux_err",
            level,
            flux_unit,
            "stat.error;phot.flux;BAND",
            "1-sigma error of the clump flux in BAND",
            bands,
        ),
        *_per_band(
            "clump_background",
            level,
            f"{flux_unit} / pix2",
            "phot.flux.sb;BAND",
            "background under the clump in BAND",
            bands,
        ),
        *_per_band(
            "aperture_radius",
            level,
            "arcsec",
            "phys.angSize;BAND",
            "aperture radius in BAND",
            bands,
        ),
        *_per_band(
            "aperture_correction",
            level,
            "",
            "arith.factor;BAND",
            "factor from aperture to total flux in BAND, from the PSF; NaN for a joint PSF fit",
            bands,
        ),
        ColumnSpec(
            "aperture_correction_gaussian",
            level,
            "f8",
            "",
            "arith.factor",
            "the same for a Gaussian PSF; the published fluxes have it",
        ),
        ColumnSpec(
            "aperture_correction_moffat",
            level,
            "f8",
            "",
            "arith.factor",
            "the same for a Moffat PSF of beta 2.5",
        ),
        *_per_band(
            "clump_flux_published",
            level,
            flux_unit,
            "phot.flux;BAND",
            "clump flux in BAND by the published method: annulus, Gaussian correction",
            bands,
        ),
        *_per_band(
            "clump_flux_err_published",
            level,
            flux_unit,
            "stat.error;phot.flux;BAND",
            "1-sigma error of clump_flux_published in BAND",
            bands,
        ),
        ColumnSpec(
            "clump_size",
            level,
            "f8",
            "arcsec",
            "phys.angSize",
            "intrinsic FWHM, the PSF taken off; NaN where too faint to tell",
        ),
        ColumnSpec(
            "clump_size_err",
            level,
            "f8",
            "arcsec",
            "stat.error;phys.angSize",
            "1-sigma error of clump_size",
        ),
    ]


def release(bands: Iterable[str]) -> list[ColumnSpec]:
    """What follows from that and from the host."""
    bands = list(bands)
    level = "release"

    def one(
        name: str, dtype: str, unit: str, ucd: str, description: str
    ) -> ColumnSpec:  # fixed level
        return ColumnSpec(name, level, dtype, unit, ucd, description)

    return [
        one("specobjid", "i8", "", "meta.id", "SDSS spectroscopic id of the host; 0 unknown"),
        one("dr7objid", "i8", "", "meta.id", "SDSS DR7 object id of the host; 0 unknown"),
        *_per_band(
            "clump_mag",
            level,
            "mag",
            "phot.mag;BAND",
            "AB magnitude in BAND; NaN for a non-positive flux",
            bands,
        ),
        *_per_band(
            "clump_mag_err",
            level,
            "mag",
            "stat.error;phot.mag;BAND",
            "1-sigma error of clump_mag in BAND",
            bands,
        ),
        *_per_band(
            "clump_mag_limit",
            level,
            "mag",
            "phot.mag;stat.min;BAND",
            "AB magnitude of a 2-sigma upper limit in BAND",
            bands,
        ),
        *_per_band(
            "clump_ext_mag",
            level,
            "mag",
            "phys.absorption.gal;BAND",
            "Galactic extinction in BAND",
            bands,
        ),
        *_per_band(
            "clump_mag_corr",
            level,
            "mag",
            "phot.mag;BAND",
            "AB magnitude in BAND, extinction-corrected",
            bands,
        ),
        *[
            one(
                f"clump_mag_corr_{blue}_{red}",
                "f8",
                "mag",
                "phot.color",
                f"extinction-corrected colour {blue} - {red}",
            )
            for blue, red in colours(bands)
        ],
        *[
            one(
                f"clump_mag_corr_err_{blue}_{red}",
                "f8",
                "mag",
                "stat.error;phot.color",
                f"1-sigma error of the colour {blue} - {red}",
            )
            for blue, red in colours(bands)
        ],
        one(
            "stellar_distance",
            "f8",
            "mag",
            "phot.color;arith.diff",
            "distance from the stellar locus in u - g, g - r, r - i",
        ),
        one("clump_flux_ratio", "f8", "", "phot.flux;arith.ratio", "clump over host flux in u"),
        one(
            "clump_flux_ratio_err",
            "f8",
            "",
            "stat.error;phot.flux;arith.ratio",
            "1-sigma error of clump_flux_ratio",
        ),
        *[
            one(f"is_clump_{name}", "bool", "", "meta.code", f"clump_flux_ratio >= {least}")
            for name, least in RATIOS.items()
        ],
        *[
            one(
                f"p_{name}",
                "f8",
                "",
                "stat.probability",
                f"chance that the true ratio is over {least}; NaN at quality 2",
            )
            for name, least in RATIOS.items()
        ],
        one("quality", "i4", "", "meta.code.qual", "0 good, 1 use with care, 2 do not use"),
        one(
            "p_real",
            "f8",
            "",
            "stat.probability",
            "calibrated chance to be a normal clump of true u flux ratio >= 0.01; NaN where the "
            "model has no calibration for the PSF, pixel scale and signal-to-noise",
        ),
        one(
            "completeness",
            "f8",
            "",
            "stat.probability",
            "share that is found of normal clumps measured so; NaN outside its domain",
        ),
        one("completeness_err", "f8", "", "stat.error", "1-sigma error of completeness"),
        one("vetted", "bool", "", "meta.code", "somebody decided on it in `clumpscope vet`"),
        one("vetted_by", "str", "", "meta.id", "who, joined by commas"),
        one(
            "vetted_label",
            "i4",
            "",
            "meta.code.class",
            "the last decision: 1 clump, 2 odd clump, 0 rejected or not vetted",
        ),
        one("clump_name", "str", "", "meta.id", "name by IAU rules"),
        one(
            "duplicate_of",
            "str",
            "",
            "meta.id.cross",
            "galaxy_id and clump_id of the same clump of a nearer host",
        ),
        *[
            one(
                f"clump_dist{stem}{suffix}",
                "f8",
                unit,
                "pos.distance" if unit == "kpc" else "pos.angDistance",
                f"distance from the host's centre, {where}{what}",
            )
            for stem, where in (("", "on the sky"), ("_deproj", "in the plane of a thin disk"))
            for suffix, unit, what in (
                ("", "arcsec", ""),
                ("_r90", "", ", in Petrosian R90"),
                ("_kpc", "kpc", ""),
            )
        ],
        one("FWHM_r_kpc", "f8", "kpc", "phys.size;instr.det.psf", "PSF-FWHM in r at the host"),
        one("galaxy_ra", "f8", "deg", "pos.eq.ra", "host right ascension (ICRS)"),
        one("galaxy_dec", "f8", "deg", "pos.eq.dec", "host declination (ICRS)"),
        one("galaxy_z", "f8", "", "src.redshift", "host redshift"),
        *_per_band("galaxy_flux", level, "Jy", "phot.flux;BAND", "host Petrosian flux BAND", bands),
        *_per_band(
            "galaxy_mag", level, "mag", "phot.mag;BAND", "host Petrosian AB mag BAND", bands
        ),
        *_per_band(
            "galaxy_mag_err",
            level,
            "mag",
            "stat.error;phot.mag;BAND",
            "1-sigma error of galaxy_mag in BAND",
            bands,
        ),
        *_per_band(
            "galaxy_mag_corr",
            level,
            "mag",
            "phot.mag;BAND",
            "host Petrosian AB magnitude in BAND, extinction-corrected",
            bands,
        ),
        one("galaxy_expAB_r", "f8", "", "src.ellipticity", "host axis ratio in r"),
        one("galaxy_expRad_r", "f8", "arcsec", "phys.angSize", "host exponential scale radius r"),
        one("galaxy_lmass", "f8", "", "phys.mass", "log10 host stellar mass / solar masses"),
        one("galaxy_lssfr", "f8", "", "phys.SFR", "log10 host specific SFR / (1/yr)"),
    ]
