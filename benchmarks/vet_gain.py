"""How much 200 vetted galaxies gain: run, vet, retrain, judged on galaxies that nobody vetted.

A simulated person, who knows the truth as far as it can be seen (the sample's labels), goes
through the run of a shipped model on simulated HSC galaxies at the desk of `clumpscope vet`:
accepts what is a clump, says of which kind, rejects what is none, draws what was missed. The
decisions are read as labels, ``recipes/hsc-vetted.toml`` (or --recipe) is trained on them, and both
models are judged on other galaxies.

    python benchmarks/vet_gain.py --work DIR [--vetted N] [--judged N] [--recipe FILE]

What is there is not made again. Draws the curves of both models.
"""

import argparse
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from clumpscope.cli.common import print_evaluation
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.engine.local import default_workers
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.labels import import_labels
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.train import train
from clumpscope.vet.desk import Asked, Desk
from clumpscope.vet.query import Query

RECIPES = Path(__file__).parents[1] / "recipes"
SEEDS = {"vetted": 7301, "judged": 7302}
MATCH_FWHM = 0.75
CORNERS = ("x1", "y1", "x2", "y2")


def vet(folder: Path) -> dict[str, int]:
    """Decide on all galaxies of a run as the sample's labels say; how often which was said."""
    said = dict.fromkeys(("accept", "reject", "draw", "nothing_missed"), 0)
    desk = Desk(folder)

    def decide(galaxy: str, action: str, box: str | None = None, value: object = None) -> None:
        desk.decide("ann", Asked(galaxy, action, str(uuid4()), box, value))
        said[action] += 1

    for galaxy in desk.index.ids:
        shown = desk.galaxy(galaxy, "ann", Query())["boxes"]
        found, labels = (
            [one for one in shown if one["source"] == source] for source in ("model", "label")
        )
        places = np.array([[one[name] for name in CORNERS] for one in labels]).reshape(-1, 4)
        reach = MATCH_FWHM * np.median(places[:, 2] - places[:, 0]) / 2 if labels else 0.0
        apart = cdist(_centres(found), _centres(labels))
        rows, columns = linear_sum_assignment(np.minimum(apart, 10 * reach))
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        of = {row: column for row, column in pairs if apart[row, column] < reach}
        for row, one in enumerate(found):
            if row in of:
                decide(galaxy, "accept", one["key"], labels[of[row]]["label"])
            else:
                decide(galaxy, "reject", one["key"])
        for column in sorted(set(range(len(labels))) - set(of.values())):
            decide(
                galaxy, "draw", value={name: labels[column][name] for name in (*CORNERS, "label")}
            )
        decide(galaxy, "nothing_missed", value=True)
    desk.close()
    return said


def _centres(boxes: list[dict[str, Any]]) -> NDArray[np.float64]:
    corners = np.array([[one[name] for name in CORNERS] for one in boxes]).reshape(-1, 4)
    return (corners[:, :2] + corners[:, 2:]) / 2


def preset(seed: int) -> Recipe:
    """HSC's, with u measured: how bright a clump is, is told in u; labels are what stands out."""
    recipe, deep = (load_recipe(RECIPES / f"{name}.toml") for name in ("hsc", "training-hsc"))
    measure = MeasureConfig(bands=recipe.simulate.observe.bands)
    simulated = recipe.simulate.model_copy(update={"labels": deep.simulate.labels})
    return recipe.model_copy(update={"seed": seed, "measure": measure, "simulate": simulated})


def ran(sample: Path, out: Path, recipe: Recipe, model: str) -> Path:
    """Run a model, unless it was."""
    if not out.exists():
        print(out.name, run(sample, out, recipe, model=model, workers=default_workers()))
    return out


def main() -> None:
    """Make, run, vet, retrain, judge; print how both models did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--vetted", type=int, default=200)
    parser.add_argument("--judged", type=int, default=400)
    parser.add_argument("--recipe", type=Path, default=RECIPES / "hsc-vetted.toml")
    options = parser.parse_args()
    samples = {}
    for name, seed in SEEDS.items():
        samples[name] = options.work / name
        if not samples[name].exists():
            count = getattr(options, name)
            simulate(samples[name], count, preset(seed), default_workers())
    model, recipe = "clumpscope-native", load_recipe(options.recipe)
    shipped = ran(samples["vetted"], options.work / "run", preset(SEEDS["vetted"]), model)
    labels = options.work / "labels"
    if not labels.exists():
        print("said", vet(shipped))
        print("labels", import_labels(shipped / "vet.sqlite", labels, "vet", Recipe(), None))
    name = options.recipe.stem
    better = options.work / f"{name}.safetensors"
    if not better.exists():
        plan = make_plan([samples["vetted"]], recipe, labels=labels)
        train(plan, better, 1, lambda epoch, told: print(epoch, told, flush=True), resume=True)
    before = preset(SEEDS["judged"])
    after = before.model_copy(update={"detect": recipe.detect})  # it sees as it was trained to
    runs = [
        ran(samples["judged"], options.work / "shipped", before, model),
        ran(samples["judged"], options.work / name, after, str(better)),
    ]
    for kind in ("labels", "truth"):
        out = options.work / f"judged-by-{kind}-{name}"
        truth = samples["judged"] / f"{kind}.parquet"
        results = evaluate(runs, truth, before, out=out, baselines=())
        print(f"by {kind}")
        print_evaluation(results)
        print((out / "summary.txt").read_text())


if __name__ == "__main__":
    main()
