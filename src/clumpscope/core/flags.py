"""The registry of clump flags: one bit each, documented here and nowhere else."""

from enum import IntFlag
from typing import SupportsInt, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.errors import TableError, expected_got


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
    STAR = 1 << 23
    HOST_IS_STAR = 1 << 24
    HOST_CROWDED = 1 << 25
    NEAR_STAR = 1 << 26


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
    ClumpFlag.OUT_OF_RANGE: "PSF, pixel scale, noise or bands outside the model's training range",
    ClumpFlag.COARSE: "the PSF-FWHM at the host's redshift spans more than the recipe's limit",
    ClumpFlag.DUPLICATE: "also found on the cutout of another galaxy, of which it is more likely",
    ClumpFlag.LOCAL_BACKGROUND: "outside the host model: background from the annulus around it",
    ClumpFlag.STAR: "a star of the field, or under the mask of one",
    ClumpFlag.HOST_IS_STAR: "the target is as narrow as the PSF in g, r and i: a star or a quasar",
    ClumpFlag.HOST_CROWDED: "more than a fifth of the host's Petrosian aperture is masked",
    ClumpFlag.NEAR_STAR: "an aperture reaches into a star's mask, or the host lies in its halo",
}

# Raised from what the model says of itself: only the run knows it, later stages keep them.
OF_MODEL = ClumpFlag.OUT_OF_RANGE


@overload
def flag_names(flags: SupportsInt) -> list[str]: ...
@overload
def flag_names(flags: ArrayLike) -> list[list[str]]: ...
def flag_names(flags: SupportsInt | ArrayLike) -> list[str] | list[list[str]]:
    """Names of the bits that are set, lowest first.

    Parameters
    ----------
    flags
        A clump's flags, or those of many, such as the column of a catalogue.

    Returns
    -------
    list
        Names; of many clumps, a list for each.

    Raises
    ------
    TableError
        If they are not whole numbers, or a bit is none of `ClumpFlag`.
    """
    values: NDArray[np.generic] = np.asarray(flags)
    if values.ndim > 1 or (values.size and values.dtype.kind not in "iu"):
        raise TableError(expected_got("flags", "whole numbers", f"{values.dtype} {values.shape}"))
    if values.ndim == 1:
        return [flag_names(int(value)) for value in values.tolist()]
    unknown = int(values) & ~sum(ClumpFlag)
    if unknown:
        raise TableError(expected_got("flags", f"bits of {sum(ClumpFlag)}", int(values)))
    return [str(flag.name) for flag in ClumpFlag(int(values))]
