"""Detection stage: boxes go through the composite's frame to fractions."""

import numpy as np
import pytest

import scenes
from clumpscope.config.run import CompositeConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import composite
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.stages.detect.detect import detect


class Brightest:
    """Finds a box of 10 px round the brightest pixel; remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, composites):  # type: ignore[no-untyped-def]
        self.batches.append(len(composites))
        result = []
        for image in composites:
            total = image.pixels.sum(axis=0)
            row, col = (values.mean() + 0.5 for values in np.nonzero(total == total.max()))
            result.append(
                Boxes.of([[col - 5, row - 5, col + 5, row + 5]], [1], [0.9], [[0.1, 0.9, 0]])
            )
        return result


def test_boxes_come_back_to_native_pixels_in_batches() -> None:
    places = [[40.0, 61.0], [55.0, 30.0], [62.0, 62.0]]
    images = [
        scenes.galaxy(f"g{k}", xy=[xy], flux=500.0, host_flux=0, noise=False)
        for k, xy in enumerate(places)
    ]
    finder = Brightest()
    found = detect(finder, [composite(image, CompositeConfig()) for image in images], 2)
    assert finder.batches == [2, 1]
    for image, boxes, place in zip(images, found, places, strict=True):
        native = boxes_fraction_to_native(boxes.xyxy, image.shape)[0]
        assert [(native[0] + native[2]) / 2, (native[1] + native[3]) / 2] == pytest.approx(
            place, abs=0.51
        )
        assert native[2] - native[0] == pytest.approx(10 * 100 / 400)
