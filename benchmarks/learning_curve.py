"""How many galaxies `clumpscope-psf` needs: completeness and purity against their number.

``recipes/psf.toml`` is trained on the first N galaxies of one sample of ``recipes/training.toml``,
with fewer passes the more there are, then judged as `bench_completeness.py` does: the threshold of
the validation sample, figures of the frozen test sample. One core takes about 54 ms an image a
pass. A model that is there is not trained again.

    python benchmarks/learning_curve.py --sample SAMPLE --bench DIR --work DIR [--galaxies N ...]

Popp et al. (2024) needed about 5,000 galaxies for 0.8 / 0.8.
"""

import argparse
import os
import sys
from pathlib import Path

from bench_completeness import benchmark_samples, chosen, judged, recipe_at
from starts import first

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train

RECIPE = Path(__file__).parents[1] / "recipes" / "psf.toml"
PASSES = {250: 40, 500: 30, 1000: 20, 2000: 14, 4000: 9}


def training(passes: int) -> Recipe:
    """The shipped recipe with another number of epochs; a worker is a core less for others."""
    recipe = load_recipe(RECIPE)
    learning = recipe.train.model_copy(update={"epochs": passes, "workers": 1})
    return recipe.model_copy(update={"train": learning})


def main() -> None:
    """Train what is not there yet; print a row of the table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("sample", "bench", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--galaxies", type=int, nargs="+", default=sorted(PASSES))
    options = parser.parse_args()
    samples = benchmark_samples(options.bench)
    options.work.mkdir(parents=True, exist_ok=True)
    for galaxies in options.galaxies:
        passes = PASSES.get(galaxies)
        if passes is None:
            sys.exit(f"--galaxies: expected some of {sorted(PASSES)}, got {galaxies}")
        model = options.work / f"psf-{galaxies}.safetensors"
        if not model.exists():
            part = first(options.sample, galaxies, options.work / f"first-{galaxies}")
            train(make_plan([part], training(passes)), model, 1, lambda *_: None, resume=True)
        trial = options.work / f"runs-{galaxies}-{os.getpid()}"
        threshold = chosen(samples["validation"], trial / "validation", str(model))
        test = judged(samples["test"], trial / "test", str(model), recipe_at(threshold))
        at = test.at(0.03)
        shares = " | ".join(
            f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f})"
            for share in (at.completeness, at.purity)
        )
        print(f"| {galaxies:,} | {passes} | {threshold:.2f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
