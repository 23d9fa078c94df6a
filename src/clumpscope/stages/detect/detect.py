"""Detect: what a model sees of galaxies in, boxes as fractions of the stored arrays out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from clumpscope.core.boxes import Boxes
from clumpscope.models.view import View


class Finder(Protocol):
    """Anything that finds boxes, such as `clumpscope.detector.predict.Detector`."""

    def detect(self, views: Sequence[View]) -> list[Boxes]:
        """Boxes of each view, in its pixels (edge convention)."""
        ...


def detect(finder: Finder, views: Sequence[View], batch_size: int) -> list[Boxes]:
    """Boxes (fractions of the stored array) in each view, in batches of ``batch_size``."""
    found: list[Boxes] = []
    for start in range(0, len(views), batch_size):
        batch = views[start : start + batch_size]
        found += [
            replace(boxes, xyxy=seen.frame.boxes_composite_to_fraction(boxes.xyxy))
            for seen, boxes in zip(batch, finder.detect(batch), strict=True)
        ]
    return found
