"""Figures of HSC: twins side by side as in Figures 19 and 27 to 29, and colours of clumps."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from hsc_real import PAIRS, Values

from clumpscope.config.experiment import ExperimentConfig
from clumpscope.config.recipe import Recipe
from clumpscope.engine.local import silent
from clumpscope.jobs.label_run import label_run
from clumpscope.jobs.paper_pictures import in_both_surveys
from clumpscope.jobs.results import Found
from clumpscope.plot.paper.pictures import pictures
from clumpscope.store.sample import Sample

LAST = 20


def twins_figures(near: Sample, runs: Mapping[str, tuple[Path, Path]], work: Path) -> None:
    """Draw the same galaxies as both surveys see them.

    Parameters
    ----------
    near
        As SDSS sees them, with labels.
    runs
        Of each model, on that sample and on the deeper one.
    """
    measured = work / "labels-measured"
    label_run(near.folder, near.folder / "labels.parquet", measured, Recipe(), 1, silent)
    results = {"sample": near.folder, "labels-measured": measured}
    for model, (shallow, deep) in runs.items():
        results |= {f"{model}-{LAST}-all": shallow, f"{model}-{LAST}-hsc": deep}
    config = ExperimentConfig(
        models={one: f"{one}.toml" for one in runs},
        groups=(LAST,),
        compared_groups=(LAST,),
        score_threshold=0.45,
    )
    recipe = Recipe(experiment=config)
    found = Found(recipe, dict.fromkeys(runs, recipe), results, {})
    names = list(runs)
    for number, models, skip, count in (
        (19, names[-1:], 0, 2),
        (27, names, 0, 3),
        (28, names, 3, 3),
        (29, names, 6, 3),
    ):
        rows, _ = in_both_surveys(found, models, skip, count)
        figure = pictures(rows, zoom=0.7)
        figure.savefig(work / f"figure_{number}.png", dpi=150)
        plt.close(figure)


def colours_figure(sets: Mapping[str, Values], path: Path) -> None:
    """Histograms of clumps' colours and g, real beside simulated."""
    figure, axes = plt.subplots(1, len(PAIRS) + 1, figsize=(15, 3), layout="constrained")
    for name, clumps in sets.items():
        for k, (ax, pair) in enumerate(zip(axes, PAIRS, strict=False)):
            colour = clumps[:, k] - clumps[:, k + 1]
            ax.hist(colour, np.linspace(-2, 2, 33), density=True, histtype="step", label=name)
            ax.set_xlabel(" - ".join(pair) + " (AB mag)")
        axes[-1].hist(clumps[:, 0], np.linspace(18, 26, 33), density=True, histtype="step")
    axes[-1].set_xlabel("g (AB mag)")
    axes[0].set_ylabel("share of clumps per mag")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=120)
    plt.close(figure)
