"""From a galaxy's boxes to its clumps' positions (Popp et al. 2024, section 4.3).

Non-maximum suppression → score threshold → nucleus → merge → host outline → peak.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.conditions import image_flags
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage
from clumpscope.ops.host import psf_fwhm_px, reference_band
from clumpscope.ops.outline import outline_of
from clumpscope.stages.refine.recentre import recentre
from clumpscope.stages.refine.steps import steps_of

_MOVED_FWHM = 0.2  # a clump re-centred by more is flagged


@dataclass(frozen=True, eq=False)
class Refined:
    """The clumps of one galaxy, best score first; n may be 0.

    Attributes
    ----------
    xy
        (n, 2) position, native pixels, 0-based centres.
    label
        (n,) int64 of `Label`.
    score
        (n,) highest score of the members.
    probabilities
        (n, 3) background, clump, odd clump of the best-scored member.
    box
        (n, 4) box of the best-scored member, native pixels.
    n_members
        (n,) boxes joined.
    flags
        (n,) int64 bits of `ClumpFlag`.
    psf_fwhm_r_px, psf_fwhm_r_arcsec
        PSF-FWHM of the reference band (r where there is one), native pixels and arcsec.
    outline
        (ny, nx) True inside the host; nowhere True if no host was found.
    """

    xy: NDArray[np.float64]
    label: NDArray[np.int64]
    score: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    box: NDArray[np.float64]
    n_members: NDArray[np.int64]
    flags: NDArray[np.int64]
    psf_fwhm_r_px: float
    psf_fwhm_r_arcsec: float
    outline: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def has_outline(self) -> bool:
        """True if a host outline was found."""
        return bool(self.outline.any())


def refine(
    image: AnyImage,
    boxes: Boxes,
    config: RefineConfig,
    score_threshold: float,
    outline: NDArray[np.bool_] | None = None,
) -> Refined:
    """Refine one galaxy's detections.

    Parameters
    ----------
    image
        The galaxy. The outline of a `ColourImage` is that of its picture with the stretch undone.
    boxes
        Every detection of either label, as fractions of the stored array.
    score_threshold
        Lowest score that stays.
    outline
        By these settings, where it is known; ``None``: it is found.

    Raises
    ------
    ImageError
        If a `GalaxyImage` has no WCS, hence no pixel scale.
    """
    fwhm = psf_fwhm_px(image)
    outline = outline_of(image, config) if outline is None else outline
    if isinstance(image, ColourImage):
        common = image_flags(image)
    else:
        common = image_flags(image, [reference_band(image)])
    if not outline.any():
        common |= ClumpFlag.NO_OUTLINE

    taken = steps_of(image, boxes, config, score_threshold, outline)
    merged, nucleus = taken.merged, taken.nucleus

    sizes = np.array([len(members) for members in merged.members], dtype=np.int64)
    holds_nucleus = np.array([nucleus[m].any() for m in merged.members], dtype=bool)
    flags = np.full(len(sizes), int(common), dtype=np.int64)
    flags[sizes > 1] |= ClumpFlag.MERGED
    flags[holds_nucleus] |= ClumpFlag.NUCLEUS
    order = np.lexsort((merged.xy[:, 1], merged.xy[:, 0], -merged.score))
    order = order[taken.kept[order]]
    best, xy, flags = merged.best[order], merged.xy[order], flags[order]
    if isinstance(image, GalaxyImage) and config.recentre_fwhm > 0:
        xy = recentre(image, xy, fwhm, config.recentre_fwhm * fwhm)
        moved = np.hypot(*(xy - merged.xy[order]).T) > _MOVED_FWHM * fwhm
        flags[moved] |= ClumpFlag.MOVED
    return Refined(
        xy=xy,
        label=merged.label[order],
        score=merged.score[order],
        probabilities=taken.candidates.probabilities[best],
        box=taken.candidates.xyxy[best],
        n_members=sizes[order],
        flags=flags,
        psf_fwhm_r_px=fwhm,
        psf_fwhm_r_arcsec=fwhm * image.pixscale_arcsec,
        outline=outline,
    )
