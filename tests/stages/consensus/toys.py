"""Small projects with known truth: marks drawn from the model's own assumptions."""

from dataclasses import dataclass

import numpy as np

from clumpscope.core.marks import Marks

SIDE = 0.04


@dataclass(frozen=True)
class Toy:
    marks: Marks
    truths: list  # (n, 2) positions of each image
    detection: np.ndarray
    scatter: np.ndarray
    false: np.ndarray


def toy(images=40, volunteers=30, looks=12, seed=0, kinds=2) -> Toy:
    """Volunteers of different skills look at images with a few truths."""
    rng = np.random.default_rng(seed)
    detection = rng.uniform(0.35, 0.95, volunteers)
    scatter = rng.uniform(0.08, 0.3, volunteers)  # box sides
    false = rng.choice([0.05, 0.3, 1.0], volunteers)
    seen, rows, truths = [], [], []
    for image in range(images):
        xy = rng.uniform(0.3, 0.7, (rng.poisson(2), 2))
        kind = rng.integers(1, kinds + 1, len(xy))
        truths.append(xy)
        for who in np.sort(rng.choice(volunteers, looks, replace=False)):
            seen.append((image, who))
            for place, what in zip(xy, kind, strict=True):
                if rng.random() < detection[who]:
                    spot = place + scatter[who] * SIDE * rng.standard_normal(2)
                    wrong = rng.random() < 0.05 and kinds > 1
                    rows.append((image, who, 3 - what if wrong else what, *spot))
            for _ in range(rng.poisson(false[who])):
                spot = rng.uniform(0.3, 0.7, 2)
                rows.append((image, who, rng.integers(1, kinds + 1), *spot))
    return Toy(build(images, volunteers, seen, rows), truths, detection, scatter, false)


def build(images, volunteers, seen, rows) -> Marks:
    """Marks from (image, volunteer) looks and (image, volunteer, kind, x, y) rows."""
    looks = np.array(seen, dtype=int).reshape(-1, 2)
    table = np.array(rows, dtype=float).reshape(-1, 5)
    boxes = np.column_stack([table[:, 3:] - SIDE / 2, table[:, 3:] + SIDE / 2])
    return Marks(
        np.array([f"i{k}" for k in range(images)]),
        np.array([f"v{k}" for k in range(volunteers)]),
        np.full((images, 2), 400.0),
        looks[:, 0],
        looks[:, 1],
        *(table[:, k].astype(int) for k in range(3)),
        boxes,
    )
