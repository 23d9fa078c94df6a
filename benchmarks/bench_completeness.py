"""Completeness and purity of a model on the simulated benchmark samples, frozen by hash.

The score threshold is chosen on the validation sample (where the lower of completeness and
purity at 3 % is highest), the figures are of the test sample, by the definition in
`clumpscope.stages.evaluate`. With --threshold, that one counts and nothing is chosen. With --write,
the model is copied with its threshold and these figures in its spec.

    python benchmarks/bench_completeness.py [MODEL] [--work DIR] [--threshold SCORE]
        [--orientations N] [--write OUT.safetensors]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import DetectConfig, RefineConfig
from clumpscope.core.clump_columns import RATIOS
from clumpscope.detector.weights import load_model, save_model
from clumpscope.engine.local import default_workers
from clumpscope.jobs import evaluate as job
from clumpscope.jobs.run import run
from clumpscope.models.registry import find_model
from clumpscope.stages.evaluate.scores import Evaluation, best, evaluate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.truth import read_truth

RECIPES = Path(__file__).parents[1] / "recipes"
LOWEST = 0.1
# numpy's AVX-512 functions differ in the last digit, fluxes then by 1e-6: not for the hash.
ANY_CPU = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}


def frozen() -> dict[str, tuple[str, int]]:
    """Hash and number of galaxies of each benchmark sample."""
    lines = (RECIPES / "benchmark.sha256").read_text().splitlines()
    return {name: (digest, int(count)) for digest, name, count in map(str.split, lines)}


def benchmark_samples(work: Path) -> dict[str, Path]:
    """Simulate the benchmark samples in ``work`` unless they are there, and check them."""
    folders = {}
    for name, (digest, count) in frozen().items():
        folders[name] = work / name
        if not folders[name].exists():
            recipe = RECIPES / f"benchmark-{name}.toml"
            words = ("simulate", folders[name], "--galaxies", count, "--recipe", recipe)
            command = [sys.executable, "-m", "clumpscope", *map(str, words)]
            subprocess.run(command, env=os.environ | ANY_CPU, check=True)  # noqa: S603
        found = Sample.open(folders[name]).content_hash()
        if found != digest:
            sys.exit(
                f"sample {name}: expected {digest}, got {found}; is its recipe's code changed?"
            )
    return folders


def recipe_at(threshold: float, orientations: int = 1) -> Recipe:
    """The default recipe at a score threshold."""
    return Recipe(
        refine=RefineConfig(score_threshold=threshold),
        detect=DetectConfig(orientations=orientations),
    )


def ran(sample: Path, out: Path, model: str, recipe: Recipe) -> Path:
    """Run a model on a sample."""
    summary = run(sample, out, recipe, model=model, workers=default_workers())
    print(f"{sample.name} at {recipe.refine.score_threshold:.2f}: {summary}", flush=True)
    return out


def judged(sample: Path, out: Path, model: str, recipe: Recipe) -> Evaluation:
    """A run of a model against the truth of a sample."""
    done = Run(ran(sample, out, model, recipe))
    truth = read_truth(sample / "truth.parquet")
    return evaluate(done.read("catalogue"), done.read("galaxies"), truth)


def chosen(sample: Path, out: Path, model: str, orientations: int = 1) -> float:
    """The threshold that a sample chooses; its curve is printed."""
    curve = judged(sample, out, model, recipe_at(LOWEST, orientations)).curve
    for threshold, item in curve:
        print(
            f"  {threshold:.2f} {item.completeness.value:.3f} {item.purity.value:.3f}", flush=True
        )
    return best(curve)[0]


def describe(name: str, result: Evaluation) -> None:
    """Print completeness and purity at each flux ratio."""
    for kind in ("normal", "any_label", "chance"):
        for ratio in RATIOS.values():
            item = result.at(ratio, kind)
            c, p = item.completeness, item.purity
            print(
                f"{name:9} {kind:10} >= {100 * ratio:.0f} %: "
                f"completeness {c.value:.3f} ({c.low:.3f}-{c.high:.3f}) of {c.n}, "
                f"purity {p.value:.3f} ({p.low:.3f}-{p.high:.3f}) of {p.n}"
            )
    normal, odd = result.kinds["normal"], result.kinds["odd"]
    print(
        f"{name:9} kinds: {normal.value:.3f} of {normal.n} matched normal and {odd.value:.3f} of "
        f"{odd.n} odd ones called so, balanced {(normal.value + odd.value) / 2:.3f}"
    )


def main() -> None:
    """Choose the threshold, print the figures, write the model if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--work", type=Path, default=Path(tempfile.mkdtemp()))
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--orientations", type=int, default=1, choices=(1, 2, 4, 8))
    parser.add_argument("--write", type=Path)
    parser.add_argument("--provenance", help="what to say of the model's training")
    options = parser.parse_args()
    path = find_model(options.model)
    samples = benchmark_samples(options.work)
    trial = options.work / f"runs-{os.getpid()}"
    threshold, orientations = options.threshold, options.orientations
    if threshold is None:
        threshold = chosen(samples["validation"], trial / "validation", str(path), orientations)
    settings = recipe_at(threshold, orientations)
    out = ran(samples["test"], trial / "test", str(path), settings)
    results = job.evaluate([out], samples["test"] / "truth.parquet", Recipe())
    for name, result in results.items():
        describe(name, result)
    ours = next(iter(results.values()))
    print("detector scatter:", ours.scatter)
    if options.write:
        spec, network = load_model(path)
        at = ours.at(0.03)
        metrics = {
            **spec.metrics,
            "completeness_3pct": round(at.completeness.value, 4),
            "purity_3pct": round(at.purity.value, 4),
        }
        changed = {
            "name": options.write.stem,
            "score_threshold": threshold,
            "metrics": metrics,
            "licence": "BSD-3-Clause",
            "provenance": options.provenance or spec.provenance,
        }
        save_model(options.write, network, spec.model_copy(update=changed))


if __name__ == "__main__":
    main()
