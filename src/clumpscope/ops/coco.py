"""COCO's figures: average precision and recall of boxes, and the F1 by which models are chosen.

AP is the mean precision at 101 recalls and AR the highest recall, both a mean over ten IoU of 0.50
to 0.95 (Lin et al. 2014); F1 = 2 mAP mAR / (mAP + mAR) is equation 10 of Popp et al. (2024).
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from faster_coco_eval.core.coco import COCO
from faster_coco_eval.core.faster_eval_api import COCOeval_faster
from numpy.typing import NDArray

from clumpscope.core.boxes import LABEL_NAMES, Boxes, Label
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.overlap import suppress

THRESHOLDS = tuple(k / 10 for k in range(1, 10))  # of score, for F1
_MOST = (1, 10, 100)  # best-scored detections of an image and class that count


@dataclass(frozen=True, eq=False)
class ImageBoxes:
    """N boxes of many images.

    Attributes
    ----------
    image
        (N,) number of the image of each, any whole numbers in any order.
    xyxy
        (N, 4) x1, y1, x2, y2 in one frame an image, any unit.
    labels
        (N,) of `Label`: clump or odd clump; others take no part.
    scores
        (N,); of true boxes they are not read.

    Raises
    ------
    TableError
        If the lengths differ, or a corner or score is not finite.
    """

    image: NDArray[np.integer[Any]]
    xyxy: NDArray[np.floating[Any]]
    labels: NDArray[np.integer[Any]]
    scores: NDArray[np.floating[Any]]

    def __post_init__(self) -> None:
        n = len(self.image)
        shapes = (self.xyxy.shape, self.labels.shape, self.scores.shape)
        if shapes != ((n, 4), (n,), (n,)):
            raise TableError(expected_got("boxes", f"{n} rows in every array", shapes))
        if not (np.isfinite(self.xyxy).all() and np.isfinite(self.scores).all()):
            raise TableError(expected_got("boxes", "finite corners and scores", "others"))

    def __getitem__(self, rows: NDArray[Any]) -> "ImageBoxes":
        """Those of an index or boolean array."""
        return ImageBoxes(self.image[rows], self.xyxy[rows], self.labels[rows], self.scores[rows])


@dataclass(frozen=True)
class Figures:
    """Average precision over IoU 0.50 to 0.95, at 0.50 and 0.75, and average recall.

    ``ar1``, ``ar10`` and ``ar100`` count so many detections an image and class. NaN where there is
    no truth.
    """

    ap: float
    ap50: float
    ap75: float
    ar1: float
    ar10: float
    ar100: float


@dataclass(frozen=True)
class F1:
    """2 mAP mAR / (mAP + mAR), 0 where both are 0, and the two."""

    value: float
    map: float
    mar: float


@dataclass(frozen=True)
class Coco:
    """What COCO says of detections.

    ``mean`` is over the classes that have a truth, ``per_class`` by the names of `LABEL_NAMES`.
    ``f1`` is the highest of ``f1_at``, by score threshold, and ``threshold`` the lowest at which it
    is reached; without a truth, NaN at the lowest of all.
    """

    mean: Figures
    per_class: dict[str, Figures]
    f1: F1
    threshold: float
    f1_at: dict[float, F1]


def coco(found: ImageBoxes, truth: ImageBoxes, *, nms_iou: float) -> Coco:
    """Average precision and recall of all detections, and F1 of suppressed and cut ones.

    Equal scores go by image, then by order, as in COCO's own code.

    Parameters
    ----------
    found, truth
        Detections and true boxes; an image may be of either only.
    nms_iou
        For F1, a detection goes that overlaps a better-scored one of any class by more than this.
    """
    labels = tuple(LABEL_NAMES)
    there = _coco(truth)
    figures = _per_class(found, there, labels)
    above = found[found.scores >= THRESHOLDS[0]]  # what is below suppresses nothing above
    clean = above[_suppressed(above, nms_iou)]
    # A threshold as a plain float is compared in the precision of the scores.
    f1_at = {
        threshold: _f1(_mean(_per_class(clean[clean.scores >= threshold], there, labels)))
        for threshold in THRESHOLDS
    }
    best = max(f1_at, key=lambda threshold: f1_at[threshold].value)
    return Coco(
        mean=_mean(figures),
        per_class=dict(zip(LABEL_NAMES.values(), figures, strict=True)),
        f1=f1_at[best],
        threshold=best,
        f1_at=f1_at,
    )


def _suppressed(found: ImageBoxes, nms_iou: float) -> NDArray[np.intp]:
    """Rows left by non-maximum suppression over all classes, image by image."""
    order = np.argsort(found.image, kind="stable")
    borders = np.flatnonzero(np.diff(found.image[order])) + 1
    stays = []
    for rows in np.split(order, borders):
        unknown = np.full((len(rows), len(Label)), np.nan)
        boxes = Boxes.of(found.xyxy[rows], found.labels[rows], found.scores[rows], unknown)
        stays.append(rows[suppress(boxes, nms_iou)])
    return np.concatenate(stays)


def _f1(mean: Figures) -> F1:
    total = mean.ap + mean.ar100
    return F1(2 * mean.ap * mean.ar100 / total if total else 0.0, mean.ap, mean.ar100)


def _mean(figures: Sequence[Figures]) -> Figures:
    """Mean over the classes that have a truth."""
    values = np.array([astuple(one) for one in figures])
    known = values[np.isfinite(values).all(axis=1)]
    return Figures(*(known.mean(axis=0) if len(known) else values[0]).tolist())


def _per_class(found: ImageBoxes, there: COCO, labels: tuple[int, ...]) -> list[Figures]:
    """Figures of each class."""
    judge = COCOeval_faster(there, _coco(found), iouType="bbox", print_function=_silent)
    judge.params.imgIds = [*set(found.image.tolist()).union(there.imgToAnns)]
    judge.params.catIds = [int(label) for label in labels]
    judge.params.maxDets = list(_MOST)
    judge.params.areaRng, judge.params.areaRngLbl = [[0, np.inf]], ["all"]  # in any unit
    if not judge.params.imgIds:
        return [Figures(*[np.nan] * 6)] * len(labels)
    judge.evaluate()
    judge.accumulate()
    # (IoU, recall, class, area, most) and (IoU, class, area, most); -1 where there is no truth.
    precision = judge.eval["precision"][:, :, :, 0, -1]
    recall = judge.eval["recall"][:, :, 0]
    by_iou = precision.mean(axis=1)
    values = np.vstack([by_iou.mean(axis=0), by_iou[0], by_iou[5], recall.mean(axis=0).T])
    return [Figures(*one) for one in np.where(values < 0, np.nan, values).T.tolist()]


def _coco(boxes: ImageBoxes) -> COCO:
    """Boxes as COCO's code takes them; numbers of boxes begin at 1, as 0 says unmatched."""
    corners = boxes.xyxy.astype(float)
    sides = corners[:, 2:] - corners[:, :2]
    columns = (boxes.image, boxes.labels, boxes.scores.astype(float), sides.prod(axis=1))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    annotations = [
        {
            "id": k,
            "image_id": image,
            "category_id": label,
            "score": score,
            "area": area,
            "bbox": box,
            "iscrowd": 0,
        }
        for k, ((image, label, score, area), box) in enumerate(
            zip(rows, np.hstack([corners[:, :2], sides]).tolist(), strict=True), start=1
        )
    ]
    content = {"annotations": annotations, "categories": [{"id": k} for k in LABEL_NAMES]}
    return COCO(content, print_function=_silent)


def _silent(*_: object) -> None:
    """Print nothing."""
