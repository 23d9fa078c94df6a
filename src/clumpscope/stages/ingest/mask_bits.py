"""What the planes of masks mean, by the names that the common pipelines give them.

Which bit has which name, and where a survey means something else, its profile says.
"""

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
