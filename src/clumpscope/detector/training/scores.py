"""How good detections are: COCO's precision and recall, and the F1 by which an epoch is chosen."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchmetrics.detection import MeanAveragePrecision

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.ops.overlap import suppress

Found = dict[str, Tensor]
THRESHOLDS = tuple(np.arange(1, 10) / 10)
_NMS_IOU = RefineConfig().nms_iou


def judge(found: Sequence[Found], targets: Sequence[Found]) -> dict[str, float]:
    """Metrics of an epoch on held-out images; NaN where there is no label.

    ``ap50`` is the average precision at IoU 0.5 of all detections, ``ap50_clump`` that of class
    clump. ``f1`` is the highest of 2 mAP mAR / (mAP + mAR) over score thresholds of 0.1 to 0.9
    (Popp et al. 2024): mean over IoU 0.50 to 0.95 and classes, of what is left after non-maximum
    suppression over both classes; ``map`` and ``mar`` are those two at the best threshold.

    Parameters
    ----------
    found
        Boxes (n, 4), labels and scores (n,) of each image.
    targets
        Boxes and labels of each.
    """
    metrics = _average_precision(found, targets)
    clean = [_suppressed(one) for one in found]
    best = (-math.inf, math.nan, math.nan)
    for threshold in THRESHOLDS:
        metric = MeanAveragePrecision(backend="faster_coco_eval")
        metric.update([_above(one, threshold) for one in clean], list(targets))
        result = metric.compute()
        precision, recall = (_defined(float(result[name])) for name in ("map", "mar_100"))
        total = precision + recall
        best = max(best, (2 * precision * recall / total if total else 0.0, precision, recall))
    if math.isnan(metrics["ap50"]):
        best = (math.nan,) * 3
    return {"f1": best[0], "map": best[1], "mar": best[2], **metrics}


def _average_precision(found: Sequence[Found], targets: Sequence[Found]) -> dict[str, float]:
    metric = MeanAveragePrecision(
        iou_thresholds=[0.5], class_metrics=True, backend="faster_coco_eval"
    )
    metric.update(list(found), list(targets))
    result = metric.compute()
    seen = (result[name].reshape(-1).tolist() for name in ("classes", "map_per_class"))
    per_class = dict(zip(*seen, strict=False))  # of no class at all, one value comes
    return {
        "ap50": _defined(float(result["map_50"])),
        "ap50_clump": _defined(per_class.get(Label.CLUMP, math.nan)),
    }


def _suppressed(one: Found) -> Found:
    unknown = np.full((len(one["scores"]), len(Label)), np.nan)
    xyxy, labels, scores = (one[name].numpy() for name in ("boxes", "labels", "scores"))
    boxes = Boxes.of(xyxy, labels, scores, unknown)
    stays = torch.from_numpy(suppress(boxes, _NMS_IOU))
    return {name: one[name][stays] for name in ("boxes", "labels", "scores")}


def _above(one: Found, threshold: float) -> Found:
    stays = one["scores"] >= threshold
    return {name: values[stays] for name, values in one.items()}


def _defined(precision: float) -> float:
    """NaN for the -1 by which torchmetrics says that there was no label."""
    return math.nan if precision < 0 else precision
