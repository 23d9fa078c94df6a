"""Boxes against true boxes, as COCO judges them."""

from dataclasses import asdict

import numpy as np
from astropy.table import QTable

from clumpscope.core.box_tables import corners_of
from clumpscope.core.schema import plain
from clumpscope.ops.coco import ImageBoxes, coco


def boxes_against(detections: QTable, labels: QTable, nms_iou: float) -> dict[str, object]:
    """COCO's figures of all detections of a run, and the paper's F1; see `clumpscope.ops.coco`.

    Parameters
    ----------
    detections, labels
        Of the same galaxies, boxes as fractions of the image; blank boxes do not count.
    nms_iou
        Overlap of detections of which, for F1, only the better-scored one stays.
    """
    tables = (detections, labels)
    ids = [plain(table, "galaxy_id").astype(str) for table in tables]
    _, number = np.unique(np.concatenate(ids), return_inverse=True)
    images = np.split(number, [len(ids[0])])
    found, true = (_boxes(table, image) for table, image in zip(tables, images, strict=True))
    figures = asdict(coco(found, true, nms_iou=nms_iou))
    figures["f1_at"] = {f"{least:.1f}": f1 for least, f1 in figures["f1_at"].items()}
    return figures


def _boxes(table: QTable, image: np.ndarray[tuple[int], np.dtype[np.intp]]) -> ImageBoxes:
    corners = corners_of(table)
    there = np.isfinite(corners).all(axis=1)
    scores = plain(table, "score") if "score" in table.colnames else np.ones(len(table))
    return ImageBoxes(image[there], corners[there], plain(table, "label")[there], scores[there])
