"""Composites in memory as bytes, once, with their boxes in composite pixels. Imports no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.errors import TableError, expected_got


@dataclass(frozen=True, eq=False)
class Labelled:
    """One composite with its labels.

    Attributes
    ----------
    pixels
        (3, H, W) uint8; 255 is composite value 1.
    boxes
        (n, 4): x1, y1, x2, y2 in composite pixels, edge convention.
    labels
        (n,) of `Label`.
    weights
        (n,) in [0, 1]: chance of each box to be there in an epoch.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, image: Composite, found: Boxes, *, soft: bool) -> "Labelled":
        """A composite with its labels (boxes as fractions of the stored array).

        With ``soft`` a box is in each epoch only with the probability that is its score.
        """
        return cls(
            np.rint(image.pixels * 255).astype(np.uint8),
            image.frame.boxes_fraction_to_composite(found.xyxy),
            found.labels,
            found.scores if soft else np.ones(len(found)),
        )


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N composites, (N, 3, H, W) uint8, and the boxes, labels and weights of each (`Labelled`)."""

    pixels: NDArray[np.uint8]
    boxes: list[NDArray[np.float64]]
    labels: list[NDArray[np.int64]]
    weights: list[NDArray[np.float64]]

    @classmethod
    def filled(cls, items: Iterable[Labelled | None], total: int) -> "TrainingSet":
        """Those of at most ``total`` items that are not ``None``, in order.

        Each is copied as it comes into one array, so that memory holds the pixels once.

        Raises
        ------
        TableError
            If all are ``None``.
        """
        pixels = np.empty((0, 3, 0, 0), dtype=np.uint8)
        parts: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]] = []
        for item in items:
            if item is None:
                continue
            if not parts:
                pixels = np.empty((total, *item.pixels.shape), dtype=np.uint8)
            pixels[len(parts)] = item.pixels
            parts.append((item.boxes, item.labels, item.weights))
        if not parts:
            raise TableError(expected_got("training set", "at least one usable image", "none"))
        boxes, labels, weights = map(list, zip(*parts, strict=True))
        return cls(pixels[: len(parts)], boxes, labels, weights)

    def __len__(self) -> int:
        return len(self.pixels)
