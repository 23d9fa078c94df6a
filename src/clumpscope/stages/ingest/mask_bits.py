"""Mask bits of the common pipelines: what their planes are called and what they mean here.

Where the name alone does not tell, the pipeline's own meaning stands beside its bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clumpscope.core.galaxy import MaskBit

_SAT, _CR, _NO, _STAR = MaskBit.SATURATED, MaskBit.COSMIC_RAY, MaskBit.NO_DATA, MaskBit.STAR

# Name → what is wrong with such a pixel; None: it can be measured. A pixel that a pipeline
# interpolated has a plane of its own for the reason.
KNOWN: dict[str, MaskBit | None] = {
    # Rubin and HSC (lsst.afw), the planes of MP_*
    **dict.fromkeys(("BAD", "NO_DATA", "UNMASKEDNAN", "STREAK", "VIGNETTED"), _NO),
    **dict.fromkeys(("SAT", "SUSPECT", "BLOOMING"), _SAT),
    "CR": _CR,
    **dict.fromkeys(("BRIGHT_OBJECT", "GHOST", "HALO", "SPIKE"), _STAR),
    **dict.fromkeys(("INTRP", "CROSSTALK", "EDGE", "SENSOR_EDGE", "INEXACT_PSF", "CLIPPED"), None),
    **dict.fromkeys(("DETECTED", "DETECTED_NEGATIVE", "NOT_DEBLENDED", "NOT_BLENDED"), None),
    **dict.fromkeys(("REJECTED", "HIGH_VARIANCE", "PARTLY_VIGNETTED", "SAT_TEMPLATE"), None),
    **dict.fromkeys(("INJECTED", "INJECTED_CORE", "INJECTED_TEMPLATE", "FAKE"), None),
    # JWST
    **dict.fromkeys(("DO_NOT_USE", "NON_SCIENCE", "DEAD", "REFERENCE_PIXEL"), _NO),
    **dict.fromkeys(("DROPOUT", "NO_FLAT_FIELD", "OTHER_BAD_PIXEL", "MSA_FAILED_OPEN"), _NO),
    "SATURATED": _SAT,
    "OUTLIER": _CR,
    **dict.fromkeys(("JUMP_DET", "PERSISTENCE", "AD_FLOOR", "CHARGELOSS", "WARM", "LOW_QE"), None),
    **dict.fromkeys(("UNRELIABLE_ERROR", "RC", "TELEGRAPH", "NONLINEAR", "BAD_REF_PIXEL"), None),
    **dict.fromkeys(("NO_GAIN_VALUE", "NO_LIN_CORR", "NO_SAT_CHECK", "UNRELIABLE_BIAS"), None),
    **dict.fromkeys(("UNRELIABLE_DARK", "UNRELIABLE_SLOPE", "UNRELIABLE_FLAT"), None),
    **dict.fromkeys(("OPEN", "ADJ_OPEN", "FLUX_ESTIMATED"), None),
    # HST
    **dict.fromkeys(("LOST", "FILLED", "BADPIX", "MASKED", "HOT", "BADCOL", "BADFLAT"), _NO),
    "ATODSAT": _SAT,
    **dict.fromkeys(("CRDRIZ", "CRREJ", "CRMANUAL"), _CR),
    **dict.fromkeys(("UNSTABLE", "TRAP", "BADZERO", "BLOB"), None),
    # DES, NOIRLab
    **dict.fromkeys(("BPM", "LOW", "BADAMP", "NO_VALUE", "TRANSIENT"), _NO),
    **dict.fromkeys(("SATURATE", "TRAIL", "BLEED", "EDGEBLEED"), _SAT),
    "CRAY": _CR,
    "STAR": _STAR,
    **dict.fromkeys(("INTERP", "SSXTALK", "FIX", "LOW_WEIGHT", "DIFF_DETECT"), None),
    # Legacy Surveys
    **dict.fromkeys(("BRIGHT", "MEDIUM"), _STAR),
    **dict.fromkeys(("SATUR_G", "SATUR_R", "SATUR_I", "SATUR_Z"), _SAT),
    **dict.fromkeys(("ALLMASK_G", "ALLMASK_R", "ALLMASK_I", "ALLMASK_Z"), _NO),
    **dict.fromkeys(("NPRIMARY", "WISEM1", "WISEM2", "BAILOUT", "GALAXY", "CLUSTER"), None),
    # Pan-STARRS
    **dict.fromkeys(("DETECTOR", "FLAT", "DARK", "BLANK", "CTE", "CONV.BAD"), _NO),
    "STARCORE": _STAR,
    **dict.fromkeys(("BURNTOOL", "CONV.POOR"), None),
    # SDSS fpM
    "SATUR": _SAT,
    **dict.fromkeys(("NOTCHECKED", "OBJECT", "BRIGHTOBJECT", "BINOBJECT", "CATOBJECT"), None),
    "SUBTRACTED": None,
}


@dataclass(frozen=True)
class Dictionary:
    """The planes of a pipeline, name → bit from 0, and meanings that are its own."""

    planes: Mapping[str, int]
    meanings: Mapping[str, MaskBit | None] = field(default_factory=dict)


def _from(*names: str, first: int = 0) -> dict[str, int]:
    return {name: bit for bit, name in enumerate(names, first) if name}


DICTIONARIES = {
    # stdatamodels' dqflags. A saturated pixel's slope is that of its first groups; where there is
    # none it is DO_NOT_USE.
    "jwst": Dictionary(
        _from(
            *("DO_NOT_USE", "SATURATED", "JUMP_DET", "DROPOUT", "OUTLIER", "PERSISTENCE"),
            *("AD_FLOOR", "CHARGELOSS", "UNRELIABLE_ERROR", "NON_SCIENCE", "DEAD", "HOT", "WARM"),
            *("LOW_QE", "RC", "TELEGRAPH", "NONLINEAR", "BAD_REF_PIXEL", "NO_FLAT_FIELD"),
            *("NO_GAIN_VALUE", "NO_LIN_CORR", "NO_SAT_CHECK", "UNRELIABLE_BIAS"),
            *("UNRELIABLE_DARK", "UNRELIABLE_SLOPE", "UNRELIABLE_FLAT", "OPEN", "ADJ_OPEN"),
            *("FLUX_ESTIMATED", "MSA_FAILED_OPEN", "OTHER_BAD_PIXEL", "REFERENCE_PIXEL"),
        ),
        {"SATURATED": None, "HOT": None},
    ),
    # ACS and WFC3/UVIS (STScI, data quality flags).
    "hst": Dictionary(
        _from(
            *("LOST", "FILLED", "BADPIX", "MASKED", "HOT", "UNSTABLE", "WARM", "BADCOL"),
            *("SATURATED", "BADFLAT", "TRAP", "ATODSAT", "CRDRIZ", "CRREJ", "CRMANUAL"),
        )
    ),
    "hst-wfc3-ir": Dictionary(
        _from(
            *("LOST", "FILLED", "BADPIX", "BADZERO", "HOT", "UNSTABLE", "WARM", "BAD_REF_PIXEL"),
            *("SATURATED", "BLOB", "TRAP", "ZERO_SIGNAL", "CRDRIZ", "CRREJ"),
        ),
        {"ZERO_SIGNAL": None},
    ),
    # pixcorrect's mask_bits.h. DES leaves out its glowing edges.
    "des": Dictionary(
        _from(
            *("BPM", "SATURATE", "INTERP", "LOW", "CRAY", "STAR", "TRAIL", "EDGEBLEED"),
            *("SSXTALK", "EDGE", "STREAK", "FIX"),
        ),
        {"EDGE": _NO},
    ),
    # The Community Pipeline before version 3.5: bits. Later its pixels hold one number each: see
    # `bits_of_numbers`.
    "decam": Dictionary(
        {"BPM": 0, "SATURATE": 1, "INTERP": 2, "CRAY": 4, "BLEED": 6, "TRANSIENT": 7}
    ),
    "decam-numbers": Dictionary(
        _from(
            *("BPM", "NO_VALUE", "SATURATE", "BLEED", "CRAY", "LOW_WEIGHT", "DIFF_DETECT"),
            first=1,
        )
    ),
    # MASKBITS of DR8 to DR10.
    "legacy": Dictionary(
        _from(
            *("NPRIMARY", "BRIGHT", "SATUR_G", "SATUR_R", "SATUR_Z", "ALLMASK_G", "ALLMASK_R"),
            *("ALLMASK_Z", "WISEM1", "WISEM2", "BAILOUT", "MEDIUM", "GALAXY", "CLUSTER"),
            *("SATUR_I", "ALLMASK_I"),
        )
    ),
    # IPP's masks.16bit.config.
    "panstarrs": Dictionary(
        _from(
            *("DETECTOR", "FLAT", "DARK", "BLANK", "CTE", "SAT", "LOW", "BURNTOOL", "CR", "SPIKE"),
            *("GHOST", "STREAK", "STARCORE", "CONV.BAD", "CONV.POOR"),
        )
    ),
    # fpM of photo.
    "sdss": Dictionary(
        _from(
            *("INTERP", "SATUR", "NOTCHECKED", "OBJECT", "BRIGHTOBJECT", "BINOBJECT"),
            *("CATOBJECT", "SUBTRACTED", "GHOST", "CR"),
        )
    ),
}
