"""A galaxy's boxes after each step of the refinement: what `refine` does, and figures show.

Non-maximum suppression → score threshold → nucleus → merge → host outline.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage, MaskBit
from clumpscope.ops.host import host_centre, light_centre, psf_fwhm_px, reference_band
from clumpscope.ops.outline import galaxy_outline, grown, inside
from clumpscope.ops.overlap import suppress
from clumpscope.stages.refine.merge import Merged, merge

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Steps:
    """Boxes in native pixels.

    Attributes
    ----------
    detected
        All.
    single
        After non-maximum suppression.
    candidates
        (n,) of those, from the score threshold on, less the nucleus unless that is kept.
    nucleus
        (n,) which of them are at the host's centre.
    merged
        Groups of candidates.
    kept
        (M,) groups that lie in ``region``; all where no host was found.
    region
        (ny, nx) inside the host's outline and what the settings allow beyond; nowhere True if no
        host was found.
    """

    detected: Boxes
    single: Boxes
    candidates: Boxes
    nucleus: Chosen
    merged: Merged
    kept: Chosen
    region: Chosen

    @property
    def joined(self) -> Boxes:
        """(M,) the groups, each the box of its best candidate about the group's own place."""
        one = self.candidates[self.merged.best]
        half = (one.xyxy[:, 2:] - one.xyxy[:, :2]) / 2
        corners = np.hstack([self.merged.xy - half, self.merged.xy + half])
        return Boxes(corners, self.merged.label, self.merged.score, one.probabilities)


def steps_of(
    image: AnyImage,
    boxes: Boxes,
    config: RefineConfig,
    score_threshold: float,
    outline: Chosen,
) -> Steps:
    """Take the steps; the parameters are those of `refine`, the outline known."""
    fwhm = psf_fwhm_px(image)
    native = boxes_fraction_to_native(boxes.xyxy, image.shape)
    detected = Boxes(native, boxes.labels, boxes.scores, boxes.probabilities)
    single = detected[suppress(detected, config.nms_iou)]
    candidates = single[single.scores >= score_threshold]
    nucleus = _is_nucleus(candidates.centres, image, outline, config)
    if not config.keep_nucleus:
        candidates, nucleus = candidates[~nucleus], nucleus[~nucleus]
    merged = merge(candidates, fwhm, config)
    region = _region(image, merged.xy, outline, config)
    kept = inside(region, merged.xy) if outline.any() else np.ones(len(merged.score), dtype=bool)
    return Steps(detected, single, candidates, nucleus, merged, kept, region)


def _region(
    image: AnyImage, xy: NDArray[np.float64], outline: Chosen, config: RefineConfig
) -> Chosen:
    """(ny, nx) inside the host; or on a masked star that touches it, if ``xy`` lie beyond the host.

    Clumps there stay: `measure` flags them.
    """
    if not outline.any():
        return outline
    reach = config.beyond_fwhm * psf_fwhm_px(image)
    region = outline if reach == 0 else grown(outline, reach)
    if isinstance(image, ColourImage):
        return region
    starry = (image[reference_band(image)].mask & MaskBit.STAR).any()
    if starry and not inside(region, xy).all():
        region = region | galaxy_outline(image, config, starlight=True)
    return region


def _is_nucleus(
    xy: NDArray[np.float64], image: AnyImage, outline: Chosen, config: RefineConfig
) -> Chosen:
    """(n,) True within the tolerance of the host's centre, on both axes."""
    radius = config.nucleus_radius * max(image.shape)
    centre = host_centre(image)
    if config.nucleus_fwhm > 0:
        radius = max(radius, config.nucleus_fwhm * psf_fwhm_px(image))
        if isinstance(image, GalaxyImage):
            centre = light_centre(image, outline)
    return np.asarray((np.abs(xy - centre) <= radius).all(axis=1))
