"""`experiment`: models × run-groups, then every table and figure of the paper that can be had."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import clumpscope
from clumpscope.config.experiment import ExperimentConfig
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.core.schema import plain
from clumpscope.engine.local import Workers, silent
from clumpscope.errors import RecipeError, TableError, expected_got
from clumpscope.jobs.books import folder_of, key_of
from clumpscope.jobs.cells import Cell, Outcome, Results, Task, outcomes_table, whole_folder
from clumpscope.jobs.cells import work_through as through
from clumpscope.jobs.label_run import label_run
from clumpscope.jobs.labels import select_labels, split_labels
from clumpscope.jobs.own_process import train_apart
from clumpscope.jobs.paper import write_paper
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.results import Found
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.train import train
from clumpscope.store.labels import IMAGES_FILE, LABELS_FILE, read_labels
from clumpscope.store.lock import locked
from clumpscope.store.manifest import sha256_file, sha256_json
from clumpscope.store.sample import Sample
from clumpscope.store.stars import STARS
from clumpscope.store.tables import read_parquet, write_parquet
from clumpscope.store.texts import write_table

GROUPS_FILE = "groups.parquet"
_OF_A_RUN = {"seed", "limits", "sample", "detect", "refine", "measure", "catalogue"}


@dataclass(frozen=True)
class Places:
    """Where everything of an experiment is; ``None`` as of `ExperimentConfig`."""

    models: dict[str, Path]
    sample: Path | None
    labels: Path | None
    hsc: Path | None
    simulated: Path | None

    @classmethod
    def of(cls, config: ExperimentConfig, folder: Path, **given: Path | None) -> "Places":
        """From a recipe in ``folder``; what is ``given`` comes before it.

        Raises
        ------
        RecipeError
            If no model is named, or a name would not do for a file's, or there is no sample.
        """
        if not config.models:
            got = "none"
            raise RecipeError(expected_got("[experiment] models", "a model or more", got))
        for name in config.models:
            if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 64:
                what = "at most 64 letters, digits, - and _"
                raise RecipeError(expected_got("[experiment] models: name", what, name))
        said = {
            name: None if (text := getattr(config, name)) is None else folder / text
            for name in ("sample", "labels", "hsc", "simulated")
        }
        chosen = {name: given.get(name) or place for name, place in said.items()}
        if chosen["sample"] is None and config.galaxies is None:
            what = "a sample, or galaxies to simulate"
            raise RecipeError(expected_got("[experiment] sample", what, "neither"))
        models = {name: folder / path for name, path in config.models.items()}
        return cls(models=models, **chosen)


def experiment(
    places: Places,
    out: Path,
    recipe: Recipe,
    *,
    workers: Workers = 1,
    report: Callable[[Outcome], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """Make what is not there of all cells, then tables and figures, into ``out``.

    What is finished is kept, whatever ended an earlier call; what is not goes on. A cell whose
    recipe or data has changed is made anew, beside the old one.

    Parameters
    ----------
    report
        Is told of each cell.
    note
        Is told each epoch of a training, in words.

    Raises
    ------
    RecipeError
        If a model's recipe cannot be read.
    StoreError
        If the folder cannot be written, or another command works in it.
    """
    config = recipe.experiment
    recipes = {name: _with_epochs(path, config.epochs) for name, path in places.models.items()}
    out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        work = _Work(places, out, recipe, recipes, workers, note)
        outcomes = through(work.cells(), report)
        write_table(outcomes_table(outcomes), out / "cells.csv")
        found = {one.name: one.result for one in outcomes if one.result is not None}
        failed = {one.name: one.error for one in outcomes if one.result is None}
        write_paper(Found(recipe, recipes, found, failed), out)
    return outcomes


def _with_epochs(path: Path, epochs: int | None) -> Recipe:
    recipe = load_recipe(path)
    if epochs is None:
        return recipe
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": epochs})})


@dataclass(frozen=True)
class _Work:
    """Says how each cell is made."""

    places: Places
    out: Path
    recipe: Recipe
    models: dict[str, Recipe]
    workers: Workers
    note: Callable[[str], None]

    def cells(self) -> Iterator[Cell]:
        """All of them, small groups first."""
        config = self.recipe.experiment
        yield Cell("sample", (), self._sample)
        yield Cell("labels", ("sample",), self._labels)
        yield Cell("labels-measured", ("labels",), self._measured)
        for group in config.groups:
            for model in self.models:
                name = f"{model}-{group:02d}"
                yield Cell(name, ("labels",), partial(self._train, model=model, group=group))
                yield self._run(f"{name}-test", name, "test", group, config.lowest_score)
                if group in config.compared_groups and self.places.simulated:
                    yield self._run(
                        f"{name}-simulated", name, "simulated", group, config.lowest_score
                    )
        last = config.groups[-1]
        for model in self.models:
            name = f"{model}-{last:02d}"
            yield self._run(f"{name}-all", name, "all", last, config.score_threshold)
            if self.places.hsc and model in config.deep_models:
                yield self._run(f"{name}-hsc", name, "hsc", last, config.score_threshold)

    def _sample(self, _: Results) -> Task:
        if self.places.sample is not None:
            Sample.open(self.places.sample)
            return Task(self.places.sample, None, lambda: None)
        mine = self.recipe
        only = Recipe(seed=mine.seed, simulate=mine.simulate, limits=mine.limits)
        galaxies = mine.experiment.galaxies
        key = _key(only.model_dump(mode="json", include={"seed", "simulate", "limits"}), galaxies)
        folder = self.out / "samples" / f"simulated-{key}"
        return Task(
            folder,
            folder / "manifest.json",
            lambda: simulate(folder, galaxies, only, self.workers, resume=True),
        )

    def _labels(self, found: Results) -> Task:
        sample = found["sample"]
        file = self.places.labels or sample / LABELS_FILE
        path = file / LABELS_FILE if file.is_dir() else file
        settings = self.recipe.labels.model_dump(mode="json")
        images = path.parent / IMAGES_FILE  # of a consensus, whose looks are copied
        looks = sha256_file(images) if file.is_dir() and images.is_file() else ""
        hosts = Sample.open(sample).fingerprint()  # cuts ask for redshifts
        key = _key(settings, self.recipe.seed, sha256_file(path), looks, hosts)
        folder = self.out / "labels" / f"labels-{key}"

        def make() -> None:
            with whole_folder(folder) as part:
                select_labels(file, part, self.recipe, sample)
                split_labels(part / LABELS_FILE, part / GROUPS_FILE, self.recipe)

        return Task(folder, folder / "manifest.json", make)

    def _measured(self, found: Results) -> Task:
        sample, labels = self._part(found, "all", 0), found["labels"] / LABELS_FILE
        recipe = self._run_recipe(0.0)
        key = _key(_settings(recipe), Sample.open(sample).fingerprint(), sha256_file(labels))
        folder = self.out / "runs" / f"labels-{key}"

        def make() -> None:
            label_run(sample, labels, folder, recipe, self.workers, silent)

        return Task(folder, folder / "manifest.json", make)

    def _train(self, found: Results, model: str, group: int) -> Task:
        recipe, labels = self.models[model], found["labels"]
        plan = make_plan(
            [found["sample"]],
            recipe,
            labels=labels / LABELS_FILE,
            groups=labels / GROUPS_FILE,
            group=group,
        )
        start = None if plan.start is None else plan.start.path
        sides = (plan.training, plan.validation)
        classifier = recipe.classifier.model_dump(mode="json")
        begins = classifier if recipe.train.start == "classifier" else None
        key = _key(key_of(recipe, plan.samples, sides, start), begins)
        out = self.out / "models" / f"{model}-{group:02d}-{key}.safetensors"

        def told(epoch: int, metrics: dict[str, float]) -> None:
            shown = ", ".join(f"{k} {metrics[k]:.3g}" for k in ("loss", "f1") if k in metrics)
            self.note(f"{model}-{group:02d}: epoch {epoch} of {recipe.train.epochs}: {shown}")

        def make() -> None:
            out.parent.mkdir(parents=True, exist_ok=True)
            if recipe.train.devices * recipe.train.nodes > 1:
                files = labels / LABELS_FILE, labels / GROUPS_FILE
                train_apart(recipe, found["sample"], *files, group, out)
            else:
                train(plan, out, self.workers, told, resume=True)

        return Task(out, folder_of(out) / "manifest.json", make)

    def _run(self, name: str, model: str, part: str, group: int, threshold: float) -> Cell:
        def task(found: Results) -> Task:
            sample, recipe = self._part(found, part, group), self._run_recipe(threshold)
            mark = sha256_file(found[model])
            key = _key(_settings(recipe), mark, Sample.open(sample).fingerprint())
            folder = self.out / "runs" / f"{name}-{key}"

            def make() -> None:
                run(
                    sample,
                    folder,
                    recipe,
                    model=str(found[model]),
                    resume=True,
                    workers=self.workers,
                )

            return Task(folder, folder / "manifest.json", make)

        return Cell(name, ("labels", model), task)

    def _run_recipe(self, threshold: float) -> Recipe:
        """What of the recipe a run looks at."""
        said = self.recipe.model_dump(mode="json", include=_OF_A_RUN, exclude_unset=True)
        said["refine"] = {**said.get("refine", {}), "score_threshold": threshold}
        return Recipe.model_validate(said)

    def _part(self, found: Results, part: str, group: int) -> Path:
        """A sample of the galaxies of one part: test galaxies of a group, or all with labels."""
        whole = {"simulated": self.places.simulated, "hsc": self.places.hsc}.get(part)
        if part == "simulated" and whole:
            return whole
        labels = read_labels(found["labels"])
        ids = set(plain(labels, "galaxy_id").astype(str).tolist())
        name = part
        if part == "test":
            groups = read_parquet(found["labels"] / GROUPS_FILE)
            mine = (plain(groups, "group") == group) & (np.asarray(groups["split"]) == "test")
            ids = set(np.asarray(groups["galaxy_id"])[mine].astype(str).tolist())
            name = f"test-{group:02d}"
        return part_of(whole or found["sample"], ids, self.out / "samples", name)


def part_of(sample: Path, ids: set[str], folder: Path, name: str) -> Path:
    """A sample of some galaxies of another one, whose images and stars it links to.

    Raises
    ------
    TableError
        If none of them is there.
    """
    whole = Sample.open(sample)
    rows = [row for row, galaxy_id in enumerate(whole.ids) if galaxy_id in ids]
    if not rows:
        raise TableError(expected_got(f"sample {sample}", "galaxies with labels", "none"))
    mine = [whole.ids[row] for row in rows]
    out = folder / f"{name}-{_key(mine, whole.fingerprint(), str(sample.resolve()))}"
    if not out.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with whole_folder(out) as part:
            part.mkdir()
            images = sample / "images"
            (part / "images").symlink_to((images if images.is_dir() else sample).resolve())
            if (sample / STARS).is_file():
                (part / STARS).symlink_to((sample / STARS).resolve())
            write_parquet(whole.hosts[rows], part / "hosts.parquet")
    return out


def _settings(recipe: Recipe) -> object:
    return recipe.model_dump(mode="json", include=_OF_A_RUN)


def _key(*parts: object) -> str:
    """What the name of a cell's folder ends in."""
    return sha256_json([clumpscope.__version__, *parts])[:12]
