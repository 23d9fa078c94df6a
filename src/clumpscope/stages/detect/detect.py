"""Detect: composites in, boxes as fractions of the stored arrays out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite


class Finder(Protocol):
    """Anything that finds boxes on composites, such as `clumpscope.detector.predict.Detector`."""

    def detect(self, composites: Sequence[Composite]) -> list[Boxes]:
        """Boxes of each composite, in its pixels (edge convention)."""
        ...


def detect(finder: Finder, composites: Sequence[Composite], batch_size: int) -> list[Boxes]:
    """Boxes (fractions of the stored array) of each composite, in batches of ``batch_size``."""
    found: list[Boxes] = []
    for start in range(0, len(composites), batch_size):
        batch = composites[start : start + batch_size]
        found += [
            replace(boxes, xyxy=image.frame.boxes_composite_to_fraction(boxes.xyxy))
            for image, boxes in zip(batch, finder.detect(batch), strict=True)
        ]
    return found
