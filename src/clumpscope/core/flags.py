"""The registry of clump flags: one bit each, documented here and nowhere else."""

from enum import IntFlag


class ClumpFlag(IntFlag):
    """Doubts about a clump; 0 is none. Values never change their meaning."""

    NUCLEUS = 1 << 0
    MERGED = 1 << 1
    NO_OUTLINE = 1 << 2
    PSF_ASSUMED = 1 << 3
    NOISE_ASSUMED = 1 << 4
    NO_WCS = 1 << 5
    SATURATED = 1 << 6
    COSMIC_RAY = 1 << 7
    NO_DATA = 1 << 8
    MASKED_ANNULUS = 1 << 9
    OVERLAP = 1 << 10
    LOW_SNR = 1 << 11
    NO_HOST_FLUX = 1 << 12
    NO_EXTINCTION = 1 << 13
    EDGE = 1 << 14
    BLENDED = 1 << 15
    MOVED = 1 << 16
    RESOLVED = 1 << 17
    STELLAR_COLOURS = 1 << 18
    OUT_OF_RANGE = 1 << 19
    COARSE = 1 << 20
    DUPLICATE = 1 << 21
    LOCAL_BACKGROUND = 1 << 22


DESCRIPTIONS = {
    ClumpFlag.NUCLEUS: "within 0.02 of the field's side of its centre on both axes",
    ClumpFlag.MERGED: "joined from several boxes closer than one PSF-FWHM",
    ClumpFlag.NO_OUTLINE: "no host outline was found, so the clump was not tested against it",
    ClumpFlag.PSF_ASSUMED: "PSF-FWHM not measured for this field: from field stars or a default",
    ClumpFlag.NOISE_ASSUMED: "errors from the image's own blank-sky rms, no variance was given",
    ClumpFlag.NO_WCS: "the image has no sky coordinates",
    ClumpFlag.SATURATED: "a saturated or bleeding pixel in an aperture",
    ClumpFlag.COSMIC_RAY: "a pixel hit by a cosmic ray in an aperture",
    ClumpFlag.NO_DATA: "an aperture reaches over the edge or over missing pixels",
    ClumpFlag.MASKED_ANNULUS: "less than half of a background annulus usable",
    ClumpFlag.OVERLAP: "apertures of two clumps overlap",
    ClumpFlag.LOW_SNR: "u-band signal-to-noise below the recipe's limit",
    ClumpFlag.NO_HOST_FLUX: "no u-band host flux, so no flux ratio",
    ClumpFlag.NO_EXTINCTION: "no E(B-V), so no extinction correction",
    ClumpFlag.EDGE: "an aperture reaches over the image's edge",
    ClumpFlag.BLENDED: "a neighbour nearer than blend_fwhm: measured with it by a joint PSF fit",
    ClumpFlag.MOVED: "re-centred by more than 0.2 PSF-FWHM from the mean of its boxes to the peak",
    ClumpFlag.RESOLVED: "wider than the PSF: a flux of a point source misses part of its light",
    ClumpFlag.STELLAR_COLOURS: "u-g, g-r, r-i are those of main-sequence stars",
    ClumpFlag.OUT_OF_RANGE: "PSF, pixel scale or noise outside the model's training range",
    ClumpFlag.COARSE: "the PSF-FWHM at the host's redshift spans more than the recipe's limit",
    ClumpFlag.DUPLICATE: "also found on the cutout of another galaxy, of which it is more likely",
    ClumpFlag.LOCAL_BACKGROUND: "outside the host model: background from the annulus around it",
}
