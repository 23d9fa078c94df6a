"""`train`: samples with labels to a model.

`make_plan` settles which galaxies are learned from and which are held out; `train` makes their
composites, trains on them and keeps the best network.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.config.train import DetectorConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.records import SPLIT
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.engine.local import Progress, Workers, ordered_map, shards, silent
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.books import Books, begun, folder_of, images_key, key_of
from clumpscope.jobs.galaxies import both_kinds, host_column, seen, with_labels, with_own_labels
from clumpscope.models.encoder import EncoderCard
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Psf, TrainingRange
from clumpscope.models.starts import CLASSIFIER, Source, Start, find_start
from clumpscope.models.trained import trained_spec
from clumpscope.stages.train.galaxies import Galaxy, Notes, grouped, within
from clumpscope.stages.train.sides import by_host, of_group, same_hosts
from clumpscope.store.atomic import new_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_records

_SHARD = 64  # galaxies
Report = Callable[[int, dict[str, float]], None]
Step = Callable[[int, int, int], None]


@dataclass(frozen=True, eq=False)
class Plan:
    """What a training does.

    Attributes
    ----------
    start
        Model to go on from, or weights for its encoder; ``None`` is random weights.
    training, validation
        Galaxies to learn from, and those held out.
    others
        Galaxies on neither side, whose hosts are not held out either: a classifier learns from
        them, too.
    notes
        What of samples, labels and groups does not fit → how many galaxies.
    source
        Where labels and groups come from, if not from the samples.
    """

    recipe: Recipe
    start: Start | None
    samples: tuple[Sample, ...]
    training: list[Galaxy]
    validation: list[Galaxy]
    others: list[Galaxy]
    notes: Mapping[str, int]
    source: str

    def spec(self, name: str) -> DetectorSpec:
        """The model to come, as far as it is known before.

        Raises
        ------
        ModelError
            If ``train.start`` cannot be read or is of another architecture.
        """
        seen = TrainingRange(
            psf_fwhm_arcsec=self._range("psf_fwhm_r"),
            pixscale_arcsec=self._range("pixscale_arcsec"),
        )
        whole = self.start if self.start is not None and self.start.source is None else None
        start = None if whole is None else whole.path
        return trained_spec(name, self.recipe, seen, start=start)

    @property
    def labels(self) -> list[Boxes]:
        """Labels of each galaxy, those to learn from first."""
        return [one.boxes for one in (*self.training, *self.validation)]

    @property
    def images_key(self) -> str:
        """Hash of all that the images made ready depend on."""
        return images_key(self.recipe, self.samples, self.labels)[:32]

    @property
    def batches(self) -> int:
        """Batches an epoch that are learned from, if every image can be read."""
        return max(1, len(self.training) // self.recipe.train.batch_size)

    def _range(self, name: str) -> tuple[float, float] | None:
        values = host_column(self.samples, self.training, name)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None


def make_plan(
    folders: Sequence[Path],
    recipe: Recipe,
    *,
    labels: Path | None = None,
    groups: Path | None = None,
    group: int | None = None,
) -> Plan:
    """Settle which galaxies a training learns from, and which are held out; reads no image.

    Parameters
    ----------
    labels
        Labels of ours, in a file or folder, or the authors' table; ``None`` takes the
        ``labels.parquet`` of each sample. A galaxy without labels has no clumps; but if
        ``labels`` is a consensus's folder, and nobody looked at it, it is left out.
    groups, group
        What ``labels split`` wrote, and a number in it: its ``train`` galaxies are learned
        from, its ``validation`` galaxies held out; injections that it does not list go with
        their hosts. Without, whole hosts are held out at random.

    Raises
    ------
    StoreError, TableError
        If samples, labels or groups cannot be used, or a side has no galaxy.
    ModelError
        If there is no such ``train.start`` here.
    """
    if (groups is None) != (group is None):
        given = "only --groups" if group is None else "only --group"
        raise TableError(expected_got("run-groups", "--groups and --group, or neither", given))
    start = _start(recipe.train.start)
    if CLASSIFIER in (recipe.train.start, recipe.train.what):
        _start(recipe.classifier.start)  # told before any work
    samples = tuple(Sample.open(folder) for folder in folders)
    notes: Notes = {}
    source = ""
    if labels is None:
        galaxies = with_own_labels(samples)
    else:
        galaxies, notes = with_labels(samples, labels)
        source = f", labels of {labels.name}"
    galaxies, crowded = within(galaxies, recipe.limits.boxes)
    notes = {**notes, **crowded}
    ra, dec = (host_column(samples, galaxies, name) for name in ("ra", "dec"))
    hosts = same_hosts([one.host for one in galaxies], ra, dec)
    if groups is None or group is None:
        held_out = by_host(hosts, recipe.train.validation_fraction, recipe.seed)
        sides = np.where(held_out, "validation", "train").tolist()
    else:
        table = read_records(groups, SPLIT, required=("galaxy_id", "group", "split"))
        sides, more = grouped(galaxies, of_group(table, group, groups), groups)
        both = (
            {host for host, side in zip(hosts, sides, strict=True) if side == wanted}
            for wanted in ("train", "validation")
        )
        notes = {**notes, **more, "hosts on both sides": len(set.intersection(*both))}
        source += f", run-group {group} of {groups.name}"
    training, validation = (
        [one for one, side in zip(galaxies, sides, strict=True) if side == wanted]
        for wanted in ("train", "validation")
    )
    held = {host for host, side in zip(hosts, sides, strict=True) if side in ("validation", "test")}
    others = [galaxies[k] for k, side in enumerate(sides) if not side and hosts[k] not in held]
    return Plan(recipe, start, samples, training, validation, others, notes, source)


def _start(text: str | None) -> Start | None:
    """What a training begins from, as far as it is there before."""
    return None if text in (None, CLASSIFIER) else find_start(text)


def parameters(plan: Plan) -> int:
    """How many numbers the training learns."""
    from clumpscope.detector.weights import parameters

    return parameters(plan.spec("plan"))


def _unseen(_epoch: int, _batch: int, _batches: int) -> None:
    """Steps that nobody watches."""


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

    recipe = plan.recipe.model_copy(update={"detector": DetectorConfig()})  # on composites
    share = recipe.train.validation_fraction
    sides = both_kinds(plan.samples, [*plan.training, *plan.others], share, recipe.seed)
    mine = replace(plan, recipe=recipe, start=None, training=sides[0], validation=sides[1])
    data = TrainingSet.filled(_views(mine, workers, composed))
    first = int((data.source < len(mine.training)).sum())
    return fit_classifier(data, first, recipe, _start(recipe.classifier.start), out, report)


def _classified(plan: Plan, out: Path, workers: Workers, report: Report, *, alone: bool) -> Start:
    """The encoder of the classifier beside a model to come: trained, or there already."""
    path = out.with_name(f"{out.stem}-classifier.safetensors")
    while not (path.is_file() or alone):
        time.sleep(0.5)
    if not path.is_file():
        part = path.with_suffix(".part.safetensors")
        part.unlink(missing_ok=True)  # of one that was interrupted
        train_classifier(plan, part, workers, report)
        part.replace(path)
    return Start(CLASSIFIER, path, Source.FILE)


def train(
    plan: Plan,
    out: Path,
    workers: Workers,
    report: Report,
    *,
    resume: bool = False,
    cache: Path | None = None,
    composed: Progress = silent,
    step: Step = _unseen,
) -> DetectorSpec:
    """Train the recipe's detector as planned; write ``out``, and its books beside it.

    The file is written anew whenever an epoch is the best so far, so that an interrupted training
    leaves the best model so far. Returns the spec as last written. In ``out``'s `books` are
    ``metrics.csv``, ``losses.png``, the last epoch's model, ``last.safetensors``, and, until the
    training has ended, what ``resume`` goes on with. If it begins with the encoder of the recipe's
    classifier, that is trained first and kept beside ``out``.

    Parameters
    ----------
    report
        Is told the metrics of each epoch, and the minutes since training began.
        Those of a classifier that is trained first have an ``accuracy``.
    resume
        Go on with a training that was interrupted: what comes of it is the same, bit for bit.
    cache
        Folder where images made ready are kept for other trainings on them.
    composed
        Is told how many galaxies have been made ready.
    step
        Is told, after each batch, the epoch, the batches done in it, and how many it has.

    Raises
    ------
    StoreError, TableError
        If ``out`` exists or cannot be written, or a side has no image that can be read; with
        ``resume``, if recipe, data or versions are not those that the training began with.
    ModelError
        If the recipe's encoder does not exist, or ``train.start`` does not fit it.
    TrainingError
        If a loss is not finite.
    """
    # torch is loaded here and not by every command.
    from clumpscope.detector.starts.begin import begin
    from clumpscope.detector.training.data import CompositeDataset
    from clumpscope.detector.training.fit import Place, fit, rank
    from clumpscope.detector.training.watch import Watch

    config, seed = plan.recipe.train, plan.recipe.seed
    if not resume and rank() == 0:
        new_file(out)
    start = plan.start
    if config.start == CLASSIFIER:
        if not resume and rank() == 0:
            new_file(out.with_name(f"{out.stem}-classifier.safetensors"))
        start = _classified(plan, out, workers, report, alone=rank() == 0)
    spec, network = begin(plan.spec(out.stem), start, config, seed)
    begun_with = None if start is None else start.path
    key = key_of(plan.recipe, plan.samples, plan.labels, begun_with)
    with begun(folder_of(out), key, rank(), resume=resume) as place:
        if place.finished:
            return read_header(out).spec
        folder = place.work / "images" if cache is None else cache / plan.images_key
        data = _images(plan, folder, workers, composed, alone=rank() == 0)
        galaxies = [*plan.training, *plan.validation]
        names = [galaxies[number].galaxy_id for number in data.source]
        first = int((data.source < len(plan.training)).sum())
        provenance = (
            f"trained by clumpscope on {first} images, validated on {len(data) - first} "
            f"({len(data)} images, {len(galaxies) - len(data)} unreadable left out){plan.source}"
        )
        spec = spec.model_copy(update={"provenance": provenance})
        books = Books(place.folder, out, spec, names)

        def told(epoch: int, metrics: dict[str, float]) -> None:
            books.draw()
            report(epoch, metrics)

        stack = spec.architecture.stack if isinstance(spec.architecture, Psf) else None
        learning = CompositeDataset(data, np.arange(first), config.augment, seed, stack)
        checking = CompositeDataset(data, np.arange(first, len(data)), None, seed, stack)
        watch = Watch(told, books.save, step, books.broken)
        fit(network, learning, checking, config, seed, watch, Place(place.folder, place.work))
        return books.ended(place, network, plan.recipe) if rank() == 0 else read_header(out).spec


def _images(
    plan: Plan, folder: Path, workers: Workers, progress: Progress, *, alone: bool
) -> TrainingSet:
    """Images that can be read, made ready or as the folder keeps them; others wait for that."""
    data = TrainingSet.kept(folder)
    while data is None and not alone:
        time.sleep(0.5)
        data = TrainingSet.kept(folder)
    if data is None:
        data = TrainingSet.filled(_views(plan, workers, progress), folder)
    first = int((data.source < len(plan.training)).sum())
    if first in (0, len(data)):
        got = f"{first} and {len(data) - first}"
        raise TableError(expected_got("images", "some to learn from, and some held out", got))
    return data


def _views(plan: Plan, workers: Workers, progress: Progress) -> Iterator[Labelled | None]:
    """What is seen of all galaxies, those to learn from first; ``None`` of what cannot be read."""
    for part in ordered_map(partial(seen, plan.recipe, plan.spec("plan")), _tasks(plan), workers):
        progress(len(part))
        yield from part


def _tasks(plan: Plan) -> Iterator[tuple[Sample, list[Boxes]]]:
    """Some galaxies of one sample at a time, with their labels."""
    for side in (plan.training, plan.validation):
        for number, some in groupby(side, key=lambda one: one.sample):
            for part in shards(list(some), _SHARD):
                rows = [one.row for one in part]
                yield plan.samples[number].part(rows), [one.boxes for one in part]
