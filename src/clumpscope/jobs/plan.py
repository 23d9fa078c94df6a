"""Which galaxies a training learns from, and which are held out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import SPLIT
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.books import images_key
from clumpscope.jobs.galaxies import host_column, with_labels, with_own_labels, with_votes
from clumpscope.models.spec import DetectorSpec, TrainingRange
from clumpscope.models.starts import CLASSIFIER, Start, find_start
from clumpscope.models.trained import trained_spec
from clumpscope.ops.seeing import seeing
from clumpscope.stages.train.galaxies import Galaxy, Notes, grouped, repeated, within
from clumpscope.stages.train.sides import by_host, of_group, same_hosts
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_records


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
            psf_fwhm_arcsec=self._range(seeing),
            pixscale_arcsec=self._range(lambda hosts: plain(hosts, "pixscale_arcsec")),
        )
        whole = self.start if self.start is not None and self.start.source is None else None
        start = None if whole is None else whole.path
        return trained_spec(name, self.recipe, seen, start=start)

    @property
    def images_key(self) -> str:
        """Hash of all that the images made ready depend on."""
        sides = self.training, self.validation
        return images_key(self.recipe, self.spec("any").view, self.samples, sides)[:32]

    @property
    def batches(self) -> int:
        """Batches an epoch that are learned from, if every image can be read."""
        return max(1, len(self.training) // self.recipe.train.batch_size)

    def _range(
        self, of_hosts: Callable[[QTable], NDArray[np.float64]]
    ) -> tuple[float, float] | None:
        """Limits of what host tables say of the galaxies to learn from."""
        columns = [of_hosts(sample.hosts) for sample in self.samples]
        values = np.array([columns[one.sample][one.row] for one in self.training], dtype=float)
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
    start = start_of(recipe.train.start)
    what = recipe.train.what
    if CLASSIFIER in (recipe.train.start, what):
        start_of(recipe.classifier.start)  # told before any work
    if what == "morphology":
        start_of(recipe.morphology.start)
        if labels is not None:
            raise TableError(expected_got("--labels", f"none for {what}", labels, "it takes votes"))
    samples = tuple(Sample.open(folder) for folder in folders)
    notes: Notes = {}
    source = ""
    if what == "morphology":
        galaxies, notes = with_votes(samples)
    elif labels is None:
        galaxies = with_own_labels(samples)
        notes = repeated(galaxies)
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


def start_of(text: str | None) -> Start | None:
    """What a training begins from, as far as it is there before."""
    return None if text in (None, CLASSIFIER) else find_start(text)
