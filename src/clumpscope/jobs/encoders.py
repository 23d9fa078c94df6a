"""Encoders trained on whole galaxies: the classifier's, and that of shapes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.config.train import DetectorConfig
from clumpscope.core.questions import ANSWERS
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.jobs.books import Report, images_key
from clumpscope.jobs.galaxies import both_kinds, views, votes_for
from clumpscope.jobs.plan import Plan, start_of
from clumpscope.models.encoder import EncoderCard
from clumpscope.stages.train.galaxies import Galaxy, galaxies_of
from clumpscope.store.atomic import new_file
from clumpscope.store.sample import Sample


def train_classifier(
    plan: Plan, out: Path, workers: Workers, report: Report, *, composed: Progress = silent
) -> EncoderCard:
    """Train the recipe's classifier; write its best encoder to ``out``.

    It learns from the galaxies that a detector would learn from and those that its run-group
    lacks, whole hosts of which are held out; what is held out from the detector it never sees.

    Raises
    ------
    StoreError, TableError
        If ``out`` exists or cannot be written, or a side lacks clumpy galaxies, or others.
    ModelError
        If the network does not exist, or ``classifier.start`` does not fit it.
    """
    new_file(out)
    from clumpscope.detector.classifier.fit import fit_classifier

    recipe = _on_composites(plan.recipe)
    share = recipe.train.validation_fraction
    sides = both_kinds(plan.samples, [*plan.training, *plan.others], share, recipe.seed)
    data = _made_ready(plan, recipe, plan.samples, sides, workers, composed)
    first = int((data.source < len(sides[0])).sum())
    return fit_classifier(data, first, recipe, start_of(recipe.classifier.start), out, report)


def rehearse_encoder(plan: Plan, out: Path, pictures: Sequence[Path] = ()) -> tuple[int, int]:
    """Check what can be checked before the training of an encoder; writes nothing.

    Returns
    -------
    Number of parameters of the network, and of pictures.

    Raises
    ------
    StoreError, ModelError
        If ``out`` exists, a folder of pictures is none, or the network or its start is not there.
    """
    new_file(out)
    from clumpscope.detector.pretraining.fit import beginning

    recipe = plan.recipe
    config = recipe.morphology if recipe.train.what == "morphology" else recipe.classifier
    network = beginning(config, start_of(config.start), recipe.seed, outputs=0).network
    parameters = sum(one.numel() for one in network.parameters())
    return parameters, sum(len(Sample.open(folder)) for folder in pictures)


def train_morphology(
    plan: Plan,
    out: Path,
    workers: Workers,
    report: Report,
    *,
    pictures: Sequence[Path] = (),
    cache: Path | None = None,
    composed: Progress = silent,
) -> EncoderCard:
    """Train the recipe's network of shapes on votes; write its best encoder to ``out``.

    Parameters
    ----------
    pictures
        Folders of images, or samples, without votes: from those, too, it learns what looks alike.
    cache
        Folder where images made ready are kept for other trainings on them.

    Raises
    ------
    StoreError, TableError
        If ``out`` exists or cannot be written, or a sample, its votes or pictures cannot be used.
    ModelError
        If the network does not exist, or ``morphology.start`` does not fit it.
    TrainingError
        If a loss is not finite.
    """
    new_file(out)
    from clumpscope.detector.morphology.fit import fit_morphology

    more = tuple(Sample.open(folder) for folder in pictures)
    samples = (*plan.samples, *more)
    unlabelled: list[Galaxy] = []
    for number, sample in enumerate(more, len(plan.samples)):
        unlabelled += galaxies_of(number, sample.ids, sample.host_ids, {})
    sides = (plan.training, plan.validation, unlabelled)
    recipe = _on_composites(plan.recipe)
    data = _made_ready(plan, recipe, samples, sides, workers, composed, cache)
    votes = np.zeros((sum(map(len, sides)), len(ANSWERS)), dtype=np.int64)
    voted = votes_for(plan.samples, [*plan.training, *plan.validation])
    votes[: len(voted)] = voted
    held_out = (data.source >= len(plan.training)) & (data.source < len(voted))
    start = start_of(recipe.morphology.start)
    return fit_morphology(data, votes[data.source], held_out, recipe, start, out, report)


def _on_composites(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"detector": DetectorConfig()})


def _made_ready(
    plan: Plan,
    recipe: Recipe,
    samples: Sequence[Sample],
    sides: Sequence[Sequence[Galaxy]],
    workers: Workers,
    progress: Progress,
    cache: Path | None = None,
) -> TrainingSet:
    """Composites of all sides that can be read, as the cache keeps them or made now."""
    key = images_key(recipe, recipe.composite, samples, sides)[:32]
    folder = None if cache is None else cache / key
    kept = None if folder is None else TrainingSet.kept(folder)
    if kept is not None:
        return kept
    spec = replace(plan, recipe=recipe, start=None).spec("plan")
    return TrainingSet.filled(views(recipe, spec, samples, sides, workers, progress), folder)
