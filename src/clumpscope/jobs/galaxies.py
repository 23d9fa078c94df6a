"""The galaxies of samples with their labels, what their tables say and what is seen of them."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.questions import ANSWERS
from clumpscope.core.schema import plain
from clumpscope.detector.training.examples import Labelled
from clumpscope.engine.local import Progress, Workers, ordered_map, shards
from clumpscope.engine.watch import time_limit
from clumpscope.errors import TableError, expected_got
from clumpscope.models.spec import DetectorSpec
from clumpscope.models.view import view
from clumpscope.stages.labels.boxes import labels_by_galaxy
from clumpscope.stages.labels.formats.authors import from_authors
from clumpscope.stages.train.galaxies import Galaxy, Notes, galaxies_of, known_by
from clumpscope.stages.train.sides import by_host_of_both_kinds, same_hosts
from clumpscope.store.labels import LABELS_FILE, looked_at, read_any_labels
from clumpscope.store.sample import Sample
from clumpscope.store.votes import VOTES_FILE, read_votes

_SHARD = 64  # galaxies


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


def with_votes(samples: Sequence[Sample]) -> tuple[list[Galaxy], Notes]:
    """Galaxies for which there are votes, without labels, and how many others there are.

    Raises
    ------
    StoreError, TableError
        If a sample has no votes, or they are for none of its galaxies.
    """
    galaxies: list[Galaxy] = []
    for number, sample in enumerate(samples):
        galaxies += galaxies_of(number, sample.ids, sample.host_ids, {})
    asked = votes_for(samples, galaxies).sum(axis=1) > 0
    kept = [one for one, some in zip(galaxies, asked, strict=True) if some]
    if not kept:
        where = ", ".join(str(sample.folder / VOTES_FILE) for sample in samples)
        raise TableError(expected_got(where, "votes for a galaxy of the sample", "none"))
    return kept, {"galaxies without votes, left out": len(galaxies) - len(kept)}


def votes_for(samples: Sequence[Sample], galaxies: Sequence[Galaxy]) -> NDArray[np.int64]:
    """(N, answers) votes, in the order of `ANSWERS`; 0 for those that the tables lack."""
    found = np.zeros((len(galaxies), len(ANSWERS)), dtype=np.int64)
    for number, sample in enumerate(samples):
        table = read_votes(sample.folder)
        counts = np.column_stack([plain(table, name) for name in ANSWERS])
        place = {str(name): row for row, name in enumerate(table["galaxy_id"])}
        for k, one in enumerate(galaxies):
            if one.sample == number and one.galaxy_id in place:
                found[k] = counts[place[one.galaxy_id]]
    return found


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
                shown = view(image, spec, recipe.detect)
        except Exception:  # one bad galaxy never stops a training, which says how many there are
            found.append(None)
        else:
            found.append(Labelled.of(shown, boxes, soft=recipe.train.soft_labels))
    return found


def views(
    recipe: Recipe,
    spec: DetectorSpec,
    samples: Sequence[Sample],
    sides: Sequence[Sequence[Galaxy]],
    workers: Workers,
    progress: Progress,
) -> Iterator[Labelled | None]:
    """What is seen of all galaxies, side by side; ``None`` of what cannot be read."""
    tasks = (
        (samples[number].part([one.row for one in part]), [one.boxes for one in part])
        for side in sides
        for number, some in groupby(side, key=lambda one: one.sample)
        for part in shards(list(some), _SHARD)
    )
    for part in ordered_map(partial(seen, recipe, spec), tasks, workers):
        progress(len(part))
        yield from part
