"""How much 200 vetted galaxies gain: run, vet, retrain, judged on galaxies that nobody vetted.

A simulated person, who knows the truth as far as it can be seen (the sample's labels), goes
through the run of a shipped model on simulated HSC galaxies at the desk of `clumpscope vet`:
accepts what is a clump, says of which kind, rejects what is none, draws what was missed. The
decisions are read as labels, ``recipes/hsc-vetted.toml`` (or --recipe) is trained on them, and both
models are judged on other galaxies.

    python benchmarks/vet_gain.py --work DIR [--vetted N] [--judged N] [--recipe FILE]
        [--figure PNG]

The model that is vetted is the one that the recipe goes on from. Both are judged at every score
threshold: completeness where purity is 0.8, and the best F1. What is there is not made again.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.engine.local import default_workers
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.labels import import_labels
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.train import train
from clumpscope.ops.shares import Share
from clumpscope.plot.figures import BLUE, VERMILION, save
from clumpscope.stages.evaluate.scores import Evaluation
from clumpscope.vet.deciding import Asked
from clumpscope.vet.desk import Desk
from clumpscope.vet.query import Query

RECIPES = Path(__file__).parents[1] / "recipes"
SEEDS = {"vetted": 7301, "judged": 7302}
MATCH_FWHM = 0.75
LOWEST = 0.05  # score
PURITY = 0.8
CORNERS = ("x1", "y1", "x2", "y2")


def vet(folder: Path) -> dict[str, int]:
    """Decide on all galaxies of a run as the sample's labels say; how often which was said."""
    said = dict.fromkeys(("accept", "reject", "draw", "nothing_missed"), 0)
    desk = Desk(folder)

    def decide(galaxy: str, action: str, box: str | None = None, value: object = None) -> None:
        desk.deciding.decide("ann", Asked(galaxy, action, str(uuid4()), box, value))
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
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    samples = {}
    for name, seed in SEEDS.items():
        samples[name] = options.work / name
        if not samples[name].exists():
            count = getattr(options, name)
            simulate(samples[name], count, preset(seed), default_workers())
    recipe, name = load_recipe(options.recipe), options.recipe.stem
    model = str(recipe.train.start)
    first = preset(SEEDS["vetted"]).model_copy(update={"detect": recipe.detect})
    found = ran(samples["vetted"], options.work / f"run-{model}", first, model)
    labels = options.work / f"labels-{model}"
    if not labels.exists():
        print("said", vet(found))
        print("labels", import_labels(found / "vet.sqlite", labels, "vet", Recipe(), None))
    better = options.work / f"{name}.safetensors"
    if not better.exists():
        plan = make_plan([samples["vetted"]], recipe, labels=labels)
        train(plan, better, 1, lambda epoch, told: print(epoch, told, flush=True), resume=True)
    at_all = RefineConfig(score_threshold=LOWEST)
    second = preset(SEEDS["judged"])
    second = second.model_copy(update={"detect": recipe.detect, "refine": at_all})
    runs = [
        ran(samples["judged"], options.work / f"judged-{stem}", second, path)
        for stem, path in ((model, model), (name, str(better)))
    ]
    for kind in ("labels", "truth"):
        truth = samples["judged"] / f"{kind}.parquet"
        out = options.work / f"by-{kind}-{name}"
        results = evaluate(runs, truth, second, out=out, baselines=())
        for finder, result in results.items():
            print(f"by {kind}: {finder}: {summary(result)}", flush=True)
        if options.figure is not None and kind == "labels":
            draw(dict(zip(("before", "after"), results.values(), strict=True)), options)


def draw(results: Mapping[str, Evaluation], options: argparse.Namespace) -> None:
    """Completeness and purity of both models over the score threshold."""
    figure = Figure(figsize=(4.5, 3.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    for (name, result), colour, line in zip(
        results.items(), (BLUE, VERMILION), ("--", "-"), strict=True
    ):
        shares = [(one.completeness.value, one.purity.value) for _, one in result.curve]
        axes.plot(*zip(*shares, strict=True), line, color=colour, label=name)
    label = f"{options.judged} other galaxies of simulated HSC"
    axes.set(xlabel="completeness", ylabel="purity", xlim=(0, 1), ylim=(0, 1.03), title=label)
    axes.legend(loc="lower left", title=f"{options.vetted} galaxies vetted")
    save(figure, options.figure)


def summary(result: Evaluation) -> str:
    """Completeness at that purity, and the best F1 with its threshold."""
    pure = [score for _, score in result.curve if score.purity.value >= PURITY]
    at = max(pure, key=lambda score: score.completeness.value, default=None)
    threshold, top = max(result.curve, key=lambda one: np.nan_to_num(one[1].f1.value))
    c, p = top.completeness, top.purity
    return (
        f"completeness {said(at.completeness) if at else 'none'} at purity {PURITY}; best F1 "
        f"{top.f1.value:.3f} ({said(c)}, purity {said(p)}) at {threshold:.2f}"
    )


def said(share: Share) -> str:
    """A share with its interval."""
    return f"{share.value:.3f} ({share.low:.3f}-{share.high:.3f}) of {share.n}"


if __name__ == "__main__":
    main()
