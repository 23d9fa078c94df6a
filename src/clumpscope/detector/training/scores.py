"""How good detections are: COCO's precision and recall, and the F1 by which an epoch is chosen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import LABEL_NAMES, Label
from clumpscope.ops.coco import ImageBoxes, coco

Found = dict[str, Tensor]
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
    result = coco(_together(found), _together(targets), nms_iou=_NMS_IOU)
    return {
        "f1": result.f1.value,
        "map": result.f1.map,
        "mar": result.f1.mar,
        "ap50": result.mean.ap50,
        "ap50_clump": result.per_class[LABEL_NAMES[Label.CLUMP]].ap50,
    }


def _together(items: Sequence[Found]) -> ImageBoxes:
    """Boxes of all images; targets have no scores, and none is read."""
    counts = [len(one["labels"]) for one in items]
    return ImageBoxes(
        np.repeat(np.arange(len(items)), counts),
        np.concatenate([_floats(one["boxes"]) for one in items]),
        np.concatenate([one["labels"].numpy() for one in items]),
        np.concatenate([_floats(one.get("scores", one["labels"])) for one in items]),
    )


def _floats(values: Tensor) -> NDArray[np.float32]:
    """Also of mixed precision, whose numbers numpy does not know."""
    plain: NDArray[np.float32] = values.float().numpy()
    return plain
