"""Detections: boxes with labels, scores and class probabilities."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clumpscope.errors import ImageError, expected_got


class Label(IntEnum):
    """Classes of the detector (Popp et al. 2024)."""

    BACKGROUND = 0
    CLUMP = 1
    ODD = 2


LABEL_NAMES = {Label.CLUMP: "clump", Label.ODD: "odd clump"}
DS9_COLOURS: dict[int, str] = {Label.CLUMP: "cyan", Label.ODD: "orange"}


@dataclass(frozen=True, eq=False)
class Boxes:
    """N boxes; empty is length 0, never ``None``. The frame is stated by whoever holds them.

    Attributes
    ----------
    xyxy
        (N, 4) float64: x1, y1, x2, y2 with x1 <= x2 and y1 <= y2.
    labels
        (N,) int64 of `Label`.
    scores
        (N,) float64 in [0, 1].
    probabilities
        (N, K) float64: background, clump, odd clump; NaN where a model gives none.
    """

    xyxy: NDArray[np.float64]
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.scores)
        shapes = (self.xyxy.shape, self.labels.shape, self.scores.shape)
        if shapes != ((n, 4), (n,), (n,)) or self.probabilities.shape[:1] != (n,):
            raise ImageError(
                expected_got(
                    "boxes", f"{n} rows in every array", (*shapes, self.probabilities.shape)
                )
            )
        if n and not (self.xyxy[:, :2] <= self.xyxy[:, 2:]).all():
            raise ImageError(expected_got("boxes", "x1 <= x2 and y1 <= y2", "a reversed box"))

    @classmethod
    def of(
        cls, xyxy: ArrayLike, labels: ArrayLike, scores: ArrayLike, probabilities: ArrayLike
    ) -> "Boxes":
        """Build from anything array-like."""
        return cls(
            np.asarray(xyxy, dtype=float).reshape(-1, 4),
            np.asarray(labels, dtype=np.int64).reshape(-1),
            np.asarray(scores, dtype=float).reshape(-1),
            np.asarray(probabilities, dtype=float).reshape(-1, len(Label)),
        )

    @classmethod
    def empty(cls) -> "Boxes":
        """No boxes."""
        return cls.of([], [], [], [])

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: ArrayLike) -> "Boxes":
        """Select by an index or boolean array."""
        index = np.asarray(index)
        if index.size == 0:
            index = index.astype(np.intp)  # an empty list is read as one of floats
        return Boxes(
            self.xyxy[index], self.labels[index], self.scores[index], self.probabilities[index]
        )

    @property
    def centres(self) -> NDArray[np.float64]:
        """(N, 2) box centres x, y."""
        centres: NDArray[np.float64] = (self.xyxy[:, :2] + self.xyxy[:, 2:]) / 2
        return centres
