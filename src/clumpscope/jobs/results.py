"""What an experiment's cells have left, as tables and figures need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.records import TRUTH, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.books import folder_of
from clumpscope.ops.shares import Score
from clumpscope.stages.evaluate.bins import by_ratio
from clumpscope.stages.evaluate.cases import Cases, cases
from clumpscope.stages.evaluate.counts import counts, replicate
from clumpscope.stages.evaluate.matches import Matches, above, matches
from clumpscope.store.labels import read_labels
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

LABELS = "labels"  # name of the labels beside models
_BOOTSTRAPS = 200  # as `evaluate` has

Scored = tuple[float, Score]


@dataclass(frozen=True, eq=False)
class Matched:
    """A run's candidates of either label, matched with truths of either: judged as by `evaluate`.

    Attributes
    ----------
    items, pairs
        What was compared, and which is which.
    seed
        Of the galaxies that are drawn for intervals.
    """

    items: Cases
    pairs: Matches
    seed: int

    def over(self, thresholds: NDArray[np.float64], least: float = 0.0) -> list[Scored]:
        """Scores at rising thresholds, of flux ratios from ``least`` on; 0 for all clumps."""
        found = counts(self.items, self.pairs, least, None, thresholds)
        scores = found.scores(replicate(found, _BOOTSTRAPS, self.seed))
        return list(zip(thresholds.tolist(), scores, strict=True))

    def by_ratio(
        self, threshold: float, edges: NDArray[np.float64]
    ) -> list[tuple[float, float, Score]]:
        """Scores in bins of log10 flux ratio, of candidates from a score threshold on."""
        kept = above(self.items, self.pairs, np.full(len(self.items), threshold))
        return [(one.low, one.high, one.score) for one in by_ratio(*kept, None, edges)]


@dataclass(frozen=True, eq=False)
class Found:
    """Results of cells by name.

    Attributes
    ----------
    recipe
        The experiment's.
    models
        Recipe of each model.
    results, failed
        File or folder of each cell that is done; why others are not.
    """

    recipe: Recipe
    models: Mapping[str, Recipe]
    results: Mapping[str, Path]
    failed: Mapping[str, str]

    def place(self, cell: str) -> Path:
        """Result of a cell.

        Raises
        ------
        TableError
            If it has none.
        """
        if cell not in self.results:
            why = self.failed.get(cell, "it is not part of this experiment")
            raise TableError(expected_got(f"cell {cell}", "a result", f"none: {why}"))
        return self.results[cell]

    def run(self, cell: str) -> Run:
        """The run that a cell made."""
        return Run(self.place(cell))

    @property
    def last(self) -> int:
        """The run-group that counts for the paper's run 20."""
        return self.recipe.experiment.groups[-1]

    def sample(self) -> Sample:
        """The sample of all galaxies."""
        return Sample.open(self.place("sample"))

    def labels(self) -> QTable:
        """Labels after the cuts."""
        return read_labels(self.place("labels"))

    def steps(self) -> list[tuple[str, int, int, int, int]]:
        """What each cut of the labels has left."""
        table = read_parquet(self.place("labels") / "steps.parquet")
        names = ("name", "galaxies", "boxes", "normal", "odd")
        return [tuple(row) for row in zip(*(table[name].tolist() for name in names), strict=True)]

    def groups(self) -> QTable:
        """Run-groups."""
        return read_parquet(self.place("labels") / "groups.parquet")

    def sizes(self) -> dict[int, int]:
        """Galaxies to train on in each run-group."""
        table = self.groups()
        learned = np.asarray(table["split"]) == "train"
        number, count = np.unique(plain(table, "group")[learned], return_counts=True)
        return dict(zip(number.tolist(), count.tolist(), strict=True))

    def catalogues(self) -> dict[str, QTable]:
        """Clumps of each model on all galaxies that have labels, those of the labels first.

        Raises
        ------
        TableError
            If no model has any.
        """
        threshold = self.recipe.experiment.score_threshold
        cells = {name: f"{name}-{self.last:02d}-all" for name in self.models}
        there = {name: cell for name, cell in cells.items() if cell in self.results}
        found = {name: self.run(cell).read("catalogue") for name, cell in there.items()}
        found = {n: one[plain(one, "clump_score") >= threshold] for n, one in found.items()}
        if not found and self.models:
            self.place(next(iter(cells.values())))  # says why
        return {LABELS: self.measured_labels(), **found}

    def measured_labels(self) -> QTable:
        """Labels as a run has its clumps."""
        return self.run("labels-measured").read("catalogue")

    def truth(self) -> QTable:
        """Labels as truth, with their measured flux ratios."""
        table = self.measured_labels()
        columns = {
            "galaxy_id": plain(table, "galaxy_id"),
            "clump_id": plain(table, "clump_id"),
            "x": plain(table, "clump_centre_px_x"),
            "y": plain(table, "clump_centre_px_y"),
            "label": plain(table, "clump_label_id"),
            "flux_ratio_u": plain(table, "clump_flux_ratio"),
        }
        return record_table(TRUTH, columns)

    def matched(self, part: str, group: int, truth: QTable) -> dict[str, Matched]:
        """Each model's run on one part ("test", "simulated") of a run-group, matched.

        Raises
        ------
        TableError
            If no model has one.
        """
        cells = {name: f"{name}-{group:02d}-{part}" for name in self.models}
        there = {name: cell for name, cell in cells.items() if cell in self.results}
        if not there and cells:
            self.place(next(iter(cells.values())))  # says why
        return {name: self._matched(self.run(cell), truth) for name, cell in there.items()}

    def _matched(self, run: Run, truth: QTable) -> Matched:
        items = cases(run.read("catalogue"), run.read("galaxies"), truth)
        return Matched(items, matches(items), self.recipe.seed)

    def log(self, model: str, group: int) -> Table:
        """Log of a training, NaN where nothing was said."""
        path = folder_of(self.place(f"{model}-{group:02d}")) / "metrics.csv"
        with path.open() as file:
            rows = np.genfromtxt(file, delimiter=",", names=True)
        return Table(np.atleast_1d(rows))
