"""Marks that volunteers made on images, as flat arrays over a whole project."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clumpscope.errors import TableError, expected_got

PICTURE_PX = 400  # longer side of the pictures that volunteers see (Popp et al. 2024, Appendix A)


class Kind(IntEnum):
    """What a volunteer's tool says; the first two are the classes of `Label`."""

    NORMAL = 1
    ODD = 2
    BULGE = 3


@dataclass(frozen=True, eq=False)
class Marks:
    """M marks and S looks (one volunteer, one image) of V volunteers on I images.

    Looks and marks are sorted by image, then volunteer, so that those of one image are a slice.

    Attributes
    ----------
    images, volunteers
        Names.
    size
        (I, 2) width and height in pixels, of the images that the volunteers saw.
    look_image, look_volunteer
        (S,) indices; a look without marks is here and nowhere else.
    image, volunteer
        (M,) indices.
    kind
        (M,) of `Kind`.
    xyxy
        (M, 4) boxes as fractions of the image's columns and rows.
    """

    images: NDArray[np.str_]
    volunteers: NDArray[np.str_]
    size: NDArray[np.float64]
    look_image: NDArray[np.int64]
    look_volunteer: NDArray[np.int64]
    image: NDArray[np.int64]
    volunteer: NDArray[np.int64]
    kind: NDArray[np.int64]
    xyxy: NDArray[np.float64]

    def __post_init__(self) -> None:
        m = len(self.image)
        shapes = (self.volunteer.shape, self.kind.shape, self.xyxy.shape)
        if shapes != ((m,), (m,), (m, 4)):
            raise TableError(expected_got("marks", f"{m} rows in every array", shapes))
        for name, image, volunteer in (
            ("looks", self.look_image, self.look_volunteer),
            ("marks", self.image, self.volunteer),
        ):
            key = image * max(len(self.volunteers), 1) + volunteer
            if (np.diff(key) < 0).any():
                raise TableError(expected_got(name, "order by image and volunteer", "another"))

    def __len__(self) -> int:
        return len(self.images)

    def slices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(I + 1,) where the looks, and where the marks, of each image begin."""
        edges = np.arange(len(self) + 1)
        return np.searchsorted(self.look_image, edges), np.searchsorted(self.image, edges)


@dataclass(frozen=True)
class Fault:
    """What could not be used of a classification export: ``row`` counts from 1 after the header."""

    row: int
    column: str
    problem: str


@dataclass(frozen=True, eq=False)
class Export:
    """Marks of a classification export, and what was wrong with it.

    ``subjects`` (I,) are the Panoptes numbers of the images, ``sides`` (I, 2) the width and
    height of a point's box as fractions of the image; ``faults`` the first of ``n_faults``;
    ``rows`` and ``used`` count classifications, ``unknown_tools`` the marks left out for their
    tool, most frequent first.
    """

    marks: Marks
    subjects: list[str]
    sides: NDArray[np.float64]
    faults: list[Fault]
    n_faults: int
    rows: int
    used: int
    unknown_tools: Mapping[str, int]
