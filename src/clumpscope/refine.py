"""Refine: from a galaxy's boxes to its clumps' positions (Popp et al. 2024, section 4.3).

Non-maximum suppression → score threshold → nucleus → merge → host outline.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config import RefineConfig
from clumpscope.core.boxes import LABEL_NAMES, Boxes, Label
from clumpscope.core.clumps import clump_table
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import boxes_fraction_to_native, native_to_sky
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.ops.merge import merge
from clumpscope.ops.outline import (
    galaxy_outline,
    host_centre,
    inside,
    psf_fwhm_px,
    reference_band,
)
from clumpscope.ops.overlap import suppress


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
    psf_fwhm_r_px
        PSF-FWHM of the reference band (r where there is one), native pixels.
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
    outline: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def has_outline(self) -> bool:
        """True if a host outline was found."""
        return bool(self.outline.any())


def refine(
    image: GalaxyImage | ColourImage, boxes: Boxes, config: RefineConfig, score_threshold: float
) -> Refined:
    """Refine one galaxy's detections.

    Parameters
    ----------
    image
        The galaxy. A `ColourImage` has no outline: its clumps are not tested against one.
    boxes
        Every detection of either label, as fractions of the stored array.
    score_threshold
        Lowest score that stays.

    Raises
    ------
    ImageError
        If a `GalaxyImage` has no WCS, hence no pixel scale.
    """
    if isinstance(image, ColourImage):
        fwhm = image.psf_fwhm_arcsec / image.pixscale_arcsec
        outline = np.zeros(image.shape, dtype=bool)
        centre = (np.array(image.shape[::-1]) - 1) / 2
        common = ClumpFlag.NO_WCS | (ClumpFlag.PSF_ASSUMED if image.psf_assumed else 0)
    else:
        band = reference_band(image)
        fwhm = psf_fwhm_px(image, band)
        outline = galaxy_outline(image, config)
        centre = host_centre(image)
        common = ClumpFlag.PSF_ASSUMED if image[band].psf_assumed else ClumpFlag(0)
    if not outline.any():
        common |= ClumpFlag.NO_OUTLINE

    native = boxes_fraction_to_native(boxes.xyxy, image.shape)
    boxes = Boxes(native, boxes.labels, boxes.scores, boxes.probabilities)
    boxes = boxes[suppress(boxes, config.nms_iou)]
    boxes = boxes[boxes.scores >= score_threshold]
    nucleus = _is_nucleus(boxes.centres, centre, config.nucleus_radius * max(image.shape))
    if not config.keep_nucleus:
        boxes, nucleus = boxes[~nucleus], nucleus[~nucleus]
    merged = merge(boxes, config.merge_radius_fwhm * fwhm)

    sizes = np.array([len(members) for members in merged.members], dtype=np.int64)
    holds_nucleus = np.array([nucleus[m].any() for m in merged.members], dtype=bool)
    flags = np.full(len(sizes), int(common), dtype=np.int64)
    flags[sizes > 1] |= ClumpFlag.MERGED
    flags[holds_nucleus] |= ClumpFlag.NUCLEUS
    kept = inside(outline, merged.xy) if outline.any() else np.ones(len(sizes), dtype=bool)
    order = np.lexsort((merged.xy[:, 1], merged.xy[:, 0], -merged.score))
    order = order[kept[order]]
    best = merged.best[order]
    return Refined(
        xy=merged.xy[order],
        label=merged.label[order],
        score=merged.score[order],
        probabilities=boxes.probabilities[best],
        box=boxes.xyxy[best],
        n_members=sizes[order],
        flags=flags[order],
        psf_fwhm_r_px=fwhm,
        outline=outline,
    )


def _is_nucleus(
    xy: NDArray[np.float64], centre: NDArray[np.float64], radius_px: float
) -> NDArray[np.bool_]:
    return np.asarray((np.abs(xy - centre) <= radius_px).all(axis=1))


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
            "flags": np.concatenate([one.flags for one in refined]),
        },
    )
