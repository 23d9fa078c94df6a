"""What a detector sees and how it finds: composite or stack of bands, boxes or centres.

All on one encoder, the same galaxies and about the same time of a core.

Epochs are chosen so that all take about as long (composites have four times the pixels). Scores on
the first 400 galaxies of the test sample's recipe, at the threshold that does best there: for
comparison alone, too kind to each.

    OMP_NUM_THREADS=1 python benchmarks/bench_heads.py [--galaxies N] [--work DIR] [--only NAME]
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench_completeness import LOWEST, RECIPES

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import RefineConfig
from clumpscope.engine.local import default_workers
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.train import train
from clumpscope.stages.evaluate.scores import best, evaluate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

TESTED = 400


@dataclass(frozen=True)
class Way:
    """A recipe, its heads and how often it sees each galaxy."""

    recipe: str
    finds: str
    epochs: int

    @property
    def name(self) -> str:
        """For printing."""
        return f"{self.recipe}-{self.finds}"


WAYS = (
    Way("psf", "centres", 5),
    Way("psf", "boxes", 3),
    Way("native", "centres", 2),
    Way("native", "boxes", 1),
)


def recipe_of(way: Way) -> Recipe:
    """The recipe with these heads and epochs, in single precision."""
    recipe = load_recipe(RECIPES / f"{way.recipe}.toml")
    detector = recipe.detector.model_copy(update={"finds": way.finds})
    learning = recipe.train.model_copy(update={"epochs": way.epochs, "precision": "32-true"})
    return recipe.model_copy(update={"detector": detector, "train": learning})


def simulated(recipe: str, galaxies: int, work: Path) -> Path:
    """The first galaxies of a recipe's survey."""
    folder = work / f"{recipe}-{galaxies}"
    if not folder.exists():
        simulate(folder, galaxies, load_recipe(RECIPES / f"{recipe}.toml"), default_workers())
    return folder


def report(way: Way, model: Path, sample: Path, minutes: float) -> None:
    """Run, evaluate, time."""
    out = Path(tempfile.mkdtemp(dir=model.parent)) / "run"
    recipe = Recipe(refine=RefineConfig(score_threshold=LOWEST))
    run(sample, out, recipe, model=str(model), workers=default_workers())
    done = Run(out)
    catalogue, galaxies = done.read("catalogue"), done.read("galaxies")
    truth = Sample.open(sample).truth()
    curve = evaluate(catalogue, galaxies, truth).curve
    threshold = best(curve)[0]
    at = dict(curve)[threshold]
    print(
        f"{way.name:15} {minutes:5.1f} min: completeness {at.completeness.value:.3f} of "
        f"{at.completeness.n}, purity {at.purity.value:.3f} of {at.purity.n} at {threshold:.2f}",
        flush=True,
    )


def main() -> None:
    """Train each and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=3000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.mkdtemp()))
    parser.add_argument("--only")
    options = parser.parse_args()
    sample = simulated("training", options.galaxies, options.work)
    test = simulated("benchmark-test", TESTED, options.work)
    for way in WAYS:
        if options.only and way.name != options.only:
            continue
        model = options.work / f"{way.name}.safetensors"
        plan = make_plan([sample], recipe_of(way))
        start = time.monotonic()
        train(plan, model, 1, lambda *_: None, cache=options.work / "images")
        report(way, model, test, (time.monotonic() - start) / 60)


if __name__ == "__main__":
    main()
