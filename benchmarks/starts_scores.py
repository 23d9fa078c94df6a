"""How well detectors find clumps without photometry: straight from composites."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from clumpscope.config.run import RefineConfig, SampleConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.detector.predict import Detector
from clumpscope.models.spec import DetectorSpec
from clumpscope.models.view import View, view
from clumpscope.ops.matching import MATCH_RADIUS_FWHM, match
from clumpscope.ops.overlap import suppress
from clumpscope.ops.shares import Interval, Score, Share, f1
from clumpscope.stages.evaluate.cases import Points, blend
from clumpscope.stages.evaluate.scores import best
from clumpscope.store.sample import Sample

RATIO = 0.03
FLOOR = 0.02  # of scores
THRESHOLDS = np.arange(0.04, 0.96, 0.02)
_BATCH = 16
_DRAWS = 400


@dataclass(frozen=True, eq=False)
class Tested:
    """A galaxy: what a detector sees of it, its normal truths, and its PSF-FWHM in pixels."""

    shown: View
    truth: Points
    fwhm_px: float


@dataclass(frozen=True, eq=False)
class Found:
    """Detections called normal of a galaxy, and how many normal truths of >= 3 % there are.

    ``right`` says whether each is one of those; what is a fainter clump is left out.
    """

    score: NDArray[np.float64]
    right: NDArray[np.bool_]
    there: int


def tested(folder: Path, galaxies: int, spec: DetectorSpec) -> list[Tested]:
    """The first galaxies of a sample, as a detector sees them, with their truth."""
    sample, config = Sample.open(folder), SampleConfig()
    table = sample.truth()
    rows = rows_by_id(table)
    xy = np.column_stack([plain(table, axis) for axis in "xy"])
    label, ratio = plain(table, "label"), plain(table, "flux_ratio_u")
    result = []
    for row, galaxy_id in enumerate(sample.ids[:galaxies]):
        mine = rows.get(galaxy_id, np.array([], dtype=np.intp))
        fwhm = sample.host(row, "psf_fwhm_r") / sample.host(row, "pixscale_arcsec")
        alone = np.zeros(len(mine), dtype=np.intp)
        truth = Points(mine, alone, xy[mine], np.ones(len(mine)), label[mine], ratio[mine])
        blended = blend(truth, np.array([fwhm]))
        shown = view(sample.read_starred(row, config), spec)
        result.append(Tested(shown, blended.where(blended.label == Label.CLUMP), fwhm))
    return result


def found(model: Path, galaxies: list[Tested]) -> list[Found]:
    """What a model finds in each galaxy."""
    detector = Detector.load(model, FLOOR)
    result = []
    for start in range(0, len(galaxies), _BATCH):
        part = galaxies[start : start + _BATCH]
        for one, boxes in zip(part, detector.detect([g.shown for g in part]), strict=True):
            result.append(_compared(one, boxes))
    return result


def _compared(galaxy: Tested, boxes: Boxes) -> Found:
    keep = suppress(boxes, RefineConfig().nms_iou)
    keep = keep[boxes.labels[keep] == Label.CLUMP]
    score, box = boxes.scores[keep], boxes.xyxy[keep]
    xy = galaxy.shown.frame.composite_to_native((box[:, :2] + box[:, 2:]) / 2)
    truth = galaxy.truth
    i, j = match(xy, score, truth.xy, MATCH_RADIUS_FWHM * galaxy.fwhm_px)
    bright = truth.ratio >= RATIO
    right, counts = np.zeros(len(score), bool), np.ones(len(score), bool)
    right[i], counts[i] = bright[j], bright[j]
    return Found(score[counts], right[counts], int(bright.sum()))


def score_at(galaxies: list[Found], threshold: float) -> Score:
    """Completeness and purity of what has at least a score."""
    called = [one.right[one.score >= threshold] for one in galaxies]
    right, total = sum(int(one.sum()) for one in called), sum(map(len, called))
    there = sum(one.there for one in galaxies)
    c, p = Share.of_counts(right, there), Share.of_counts(right, total)
    return Score(c, p, Interval(float(f1(c.value, p.value))))


def threshold_of(galaxies: list[Found]) -> float:
    """Where the lower of completeness and purity is highest; the lowest one if nothing is found."""
    if not any(len(one.score) for one in galaxies):
        return FLOOR
    return best([(float(t), score_at(galaxies, t)) for t in THRESHOLDS])[0]


def precision(galaxies: list[Found]) -> float:
    """Average precision of class clump at >= 3 %."""
    right = np.concatenate([one.right for one in galaxies])
    there = sum(one.there for one in galaxies)
    if not right.any():
        return 0.0
    score = np.concatenate([one.score for one in galaxies])
    return float(average_precision_score(right, score)) * int(right.sum()) / there


def precision_interval(galaxies: list[Found]) -> tuple[float, float]:
    """Its 68 % interval, from galaxies drawn again."""
    rng = np.random.default_rng(0)
    draws = [
        precision([galaxies[k] for k in rng.integers(len(galaxies), size=len(galaxies))])
        for _ in range(_DRAWS)
    ]
    low, high = np.percentile(draws, [16, 84])
    return float(low), float(high)
