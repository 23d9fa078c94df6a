"""The galaxies of samples with their labels, what their tables say and what is seen of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.schema import plain
from clumpscope.detector.training.examples import Labelled
from clumpscope.engine.watch import time_limit
from clumpscope.models.spec import DetectorSpec
from clumpscope.models.view import view
from clumpscope.stages.labels.boxes import labels_by_galaxy
from clumpscope.stages.labels.formats.authors import from_authors
from clumpscope.stages.train.galaxies import Galaxy, Notes, galaxies_of, known_by
from clumpscope.stages.train.sides import by_host_of_both_kinds, same_hosts
from clumpscope.store.labels import LABELS_FILE, looked_at, read_any_labels
from clumpscope.store.sample import Sample


def with_own_labels(samples: Sequence[Sample]) -> list[Galaxy]:
    """All galaxies, each with the labels in its own sample."""
    galaxies = []
    for number, sample in enumerate(samples):
        boxes = labels_by_galaxy(sample.labels(), sample.ids, sample.folder / LABELS_FILE)
        galaxies += galaxies_of(number, sample.ids, sample.host_ids, boxes)
    return galaxies


def with_labels(samples: Sequence[Sample], labels: Path) -> tuple[list[Galaxy], Notes]:
    """Galaxies that a file or folder of labels knows of, and what does not fit."""
    table = read_any_labels(labels, from_authors)
    boxes = labels_by_galaxy(table, plain(table, "galaxy_id").astype(str).tolist(), labels)
    galaxies = []
    for number, sample in enumerate(samples):
        galaxies += galaxies_of(number, sample.ids, sample.host_ids, boxes)
    return known_by(galaxies, boxes, looked_at(labels), labels)


def host_column(
    samples: Sequence[Sample], galaxies: Sequence[Galaxy], name: str
) -> NDArray[np.float64]:
    """(N,) numbers of the host tables, NaN where unknown."""
    columns = [plain(sample.hosts, name) for sample in samples]
    return np.array([columns[one.sample][one.row] for one in galaxies], dtype=float)


def both_kinds(
    samples: Sequence[Sample], galaxies: Sequence[Galaxy], fraction: float, seed: int
) -> tuple[list[Galaxy], list[Galaxy]]:
    """Galaxies to learn from, and whole hosts held out: clumpy ones and others alike.

    Raises
    ------
    TableError
        If there are fewer than two hosts of either kind.
    """
    ra, dec = (host_column(samples, galaxies, name) for name in ("ra", "dec"))
    hosts = same_hosts([one.host for one in galaxies], ra, dec)
    clumpy = [len(one.boxes) > 0 for one in galaxies]
    held_out = by_host_of_both_kinds(hosts, clumpy, fraction, seed)
    learning, checking = (
        [one for one, held in zip(galaxies, held_out, strict=True) if held == wanted]
        for wanted in (False, True)
    )
    return learning, checking


def seen(
    recipe: Recipe, spec: DetectorSpec, task: tuple[Sample, list[Boxes]]
) -> list[Labelled | None]:
    """What is seen of some galaxies, and their labels; ``None`` where an image cannot be used."""
    sample, labels = task
    found: list[Labelled | None] = []
    for row, boxes in enumerate(labels):
        try:
            with time_limit(recipe.limits.seconds):
                image = sample.read_starred(row, recipe.sample, recipe.limits)
                shown = view(image, spec)
        except Exception:  # one bad galaxy never stops a training, which says how many there are
            found.append(None)
        else:
            found.append(Labelled.of(shown, boxes, soft=recipe.train.soft_labels))
    return found
