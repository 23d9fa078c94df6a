"""Consensus against clustering on simulated volunteers: completeness, purity, skills, speed.

Run alone: ``OMP_NUM_THREADS=1 python benchmarks/bench_consensus.py [VALIDATION TEST [OUT]]``. Both
are samples with truth and 20 volunteers (``clumpscope simulate DIR --galaxies N --volunteers 20``);
without them small ones are made. The baselines are tuned on the first, all figures are of the
second. OUT takes ``vote_curves.png`` and ``volunteers.png``.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logit
from scipy.stats import spearmanr

from clumpscope.config.labels import ConsensusConfig, LabelsConfig
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.marks import Export, Kind
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.volunteers import volunteers as ask_volunteers
from clumpscope.ops.matching import match
from clumpscope.plot.labels import skill_map, vote_curves
from clumpscope.stages.consensus.aggregate import Consensus, consensus, views
from clumpscope.stages.consensus.clusters import cluster
from clumpscope.stages.consensus.model import View
from clumpscope.store.panoptes import read_export
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

TOOLS = {"0": "normal", "1": "odd", "2": "bulge"}
CONFIG = ConsensusConfig(tools=TOOLS)
PUBLISHED = Path(__file__).parents[1] / "recipes" / "consensus-published.toml"
MATCH_FWHM = 0.75
FIELD = 0.2  # of the side about the centre: where labels may lie
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """An export with its truth: per image all sources, those a volunteer could see, clumps ≥ 3 %.

    Positions are in PSF-FWHM.
    """

    export: Export
    every: list[Values]
    seen: list[Values]
    bright: list[Values]
    fwhm: Values
    volunteers: Table


def load(folder: Path) -> Data:
    """Read a sample with volunteers."""
    export = read_export(folder / "classifications.csv.gz", CONFIG)
    sample = Sample.open(folder)
    truth, labels = sample.truth(), sample.labels()
    of_truth, of_label = rows_by_id(truth), rows_by_id(labels)
    index = {name: k for k, name in enumerate(sample.ids)}
    none = np.array([], dtype=np.intp)
    every, seen, bright, widths = [], [], [], []
    for name in map(str, export.marks.images):
        side = sample.host(index[name], "field_arcsec")
        fwhm = sample.host(index[name], "psf_fwhm_r") / side
        pixels = side / sample.host(index[name], "pixscale_arcsec")
        rows = of_truth.get(name, none)
        xy = np.column_stack([plain(truth, axis)[rows] + 0.5 for axis in "xy"]) / pixels
        strong = (plain(truth, "label")[rows] == 1) & (plain(truth, "flux_ratio_u")[rows] >= 0.03)
        rows = of_label.get(name, none)
        box = corners_of(labels)[rows]
        middle = (box[:, :2] + box[:, 2:]) / 2
        middle = middle[(np.abs(middle - 0.5) < FIELD).all(axis=1)]
        every.append(xy / fwhm)
        bright.append(xy[strong] / fwhm)
        seen.append(middle / fwhm)
        widths.append(fwhm)
    return Data(
        export, every, seen, bright, np.array(widths), read_parquet(folder / "volunteers.parquet")
    )


@dataclass(frozen=True, eq=False)
class Found:
    """Scores of boxes, whether each is true, and the scores of seen and bright truths."""

    score: Values
    true: NDArray[np.bool_]
    seen: Values
    bright: Values

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Completeness of what could be seen, purity, completeness of clumps ≥ 3 %."""
        kept = self.score >= threshold
        purity = self.true[kept].mean() if kept.any() else 1.0
        return (
            float((self.seen >= threshold).mean()),
            float(purity),
            float((self.bright >= threshold).mean()),
        )


def judge(data: Data, boxes: list[tuple[Values, Values]]) -> Found:
    """Match boxes (T, 4) with scores (T,) of every image to its truth."""
    score, true, seen, bright = [], [], [], []
    for (xyxy, sure), every, could, strong, fwhm in zip(
        boxes, data.every, data.seen, data.bright, data.fwhm, strict=True
    ):
        centre = (xyxy[:, :2] + xyxy[:, 2:]) / 2 / fwhm
        right = np.zeros(len(sure), dtype=bool)
        right[match(centre, sure, every, MATCH_FWHM)[0]] = True
        score.append(sure)
        true.append(right)
        for truths, into in ((could, seen), (strong, bright)):
            i, j = match(centre, sure, truths, MATCH_FWHM)
            got = np.full(len(truths), -np.inf)
            got[j] = sure[i]
            into.append(got)
    return Found(*(np.concatenate(part) for part in (score, true, seen, bright)))


def clustered(data: Data, method: str, size: float) -> Found:
    """A baseline's clusters; ``size`` is DBSCAN's radius or HDBSCAN's least share of votes."""
    changes = {"cluster_radius": size, "cluster_votes": 0.05 if method == "dbscan" else size}
    config = CONFIG.model_copy(update=changes)
    boxes = []
    for view, side in zip(views(data.export.marks), data.export.sides, strict=True):
        kept = view.kind + 1 != Kind.BULGE
        clumps = View(view.looks, view.volunteer[kept], view.kind[kept], view.xyxy[kept])
        truths, votes = cluster(clumps, side, config, method)
        boxes.append((truths.xyxy, votes))
    return judge(data, boxes)


def boxes_of(result: Consensus) -> list[tuple[Values, Values]]:
    """Boxes that are no bulges, with their probability."""
    pairs = []
    for truths, verdict in zip(result.truths, result.verdicts, strict=True):
        kept = truths.kind + 1 != Kind.BULGE
        pairs.append((truths.xyxy[kept], 1 - verdict.p_false[kept]))
    return pairs


def best(found: Found, steps: int = 80) -> tuple[float, float]:
    """Threshold of the highest F1, and that."""
    top = (0.0, 0.0)
    for threshold in np.unique(np.quantile(found.score, np.linspace(0, 0.98, steps))):
        completeness, purity, _ = found.at(threshold)
        f1 = 2 * completeness * purity / max(completeness + purity, 1e-9)
        top = max(top, (f1, float(threshold)))
    return top[1], top[0]


def calibration_error(probability: Values, true: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins."""
    number = np.minimum((probability * 10).astype(int), 9)
    error = 0.0
    for k in np.unique(number):
        rows = number == k
        error += rows.mean() * abs(true[rows].mean() - probability[rows].mean())
    return float(error)


def skills(data: Data, result: Consensus, least: int = 50) -> dict[str, float]:
    """Rank correlation of skills with what volunteers with ``least`` images really did."""
    table, marks = data.volunteers, data.export.marks
    number = {str(name): k for k, name in enumerate(table["name"])}
    at = np.array([number[str(name)] for name in marks.volunteers])
    many = np.bincount(marks.look_volunteer, minlength=len(at)) >= least
    did = {
        name: np.asarray(table[f"n_{name}"], dtype=float)[at][many]
        for name in ("clear", "clear_found", "marks", "false", "squares", "real", "wrong_tool")
    }
    found = result.skills
    pairs = {
        "false negative": (found.false_negative, 1 - did["clear_found"] / did["clear"]),
        "false positive": (found.false_positive, did["false"] / did["marks"]),
        "scatter": (found.variance, did["squares"] / did["real"]),
        "wrong tool": (found.wrong_tool, did["wrong_tool"] / did["real"]),
    }
    rho = {name: float(spearmanr(a[many], b)[0]) for name, (a, b) in pairs.items()}
    return {**rho, "volunteers": float(many.sum())}


def labels_like(data: Data, config: ConsensusConfig) -> str:
    """What Clump Scout's labels are judged by: images with boxes, boxes on those, odd ones.

    Boxes of p > 0.5 inside the padding and off the centre, as `labels select` cuts.
    """
    result, cut = consensus(data.export.marks, config), LabelsConfig()
    numbers, odd = [], 0
    for truths, verdict in zip(result.truths, result.verdicts, strict=True):
        centre = (truths.xyxy[:, :2] + truths.xyxy[:, 2:]) / 2
        kept = (truths.kind + 1 != Kind.BULGE) & (verdict.p_false < 0.5)
        kept &= ((truths.xyxy >= cut.padding) & (truths.xyxy <= 1 - cut.padding)).all(axis=1)
        kept &= (np.abs(centre - 0.5) >= cut.bulge_radius).any(axis=1)
        numbers.append(kept.sum())
        odd += (truths.kind[kept] + 1 == Kind.ODD).sum()
    some = np.array(numbers) > 0
    return (
        f"images with boxes {some.mean():.2f} (real 0.44), boxes on those "
        f"{np.sum(numbers) / some.sum():.2f} (2.12), odd {odd / np.sum(numbers):.2f} (0.25)"
    )


def report(name: str, found: Found, threshold: float) -> None:
    """Print one line."""
    completeness, purity, bright = found.at(threshold)
    print(
        f"{name:28s} threshold {threshold:6.3f}: completeness {completeness:.3f}, "
        f"purity {purity:.3f}, completeness of clumps >= 3 % {bright:.3f}"
    )


def main(validation: Path, test: Path, out: Path | None) -> None:
    """Tune on one sample, print the figures of the other."""
    tuning, data = load(validation), load(test)
    rows = []
    chosen = {}
    for method, sizes in (("dbscan", (0.15, 0.2, 0.25, 0.35)), ("hdbscan", (0.1, 0.15, 0.25))):
        tuned = max((*best(clustered(tuning, method, size))[::-1], size) for size in sizes)
        _, threshold, size = tuned
        found = clustered(data, method, size)
        chosen[method] = found.at(threshold)
        report(f"{method} ({size:g})", found, threshold)
        rows += [(method, t, *found.at(t)[:2]) for t in np.linspace(0.05, 0.95, 19)]
    before = consensus(tuning.export.marks, CONFIG)
    held = judge(tuning, boxes_of(before))
    a, b = _refitted(held)
    print(f"calibration of the validation sample: ({a:.3f}, {b:.4f})")
    start = process_time()
    result = consensus(data.export.marks, CONFIG)
    seconds = process_time() - start
    found = judge(data, boxes_of(result))
    report("consensus", found, best(held)[0])
    for method, baseline in chosen.items():
        report(f"  beside {method}", found, _beside(found, baseline))
    rows += [("consensus", t, *found.at(t)[:2]) for t in np.linspace(0.05, 0.98, 94)]
    print(f"calibration error {calibration_error(found.score, found.true):.4f}")
    print("skills:", {name: round(rho, 3) for name, rho in skills(data, result).items()})
    print(f"cost {result.costs[0]:.1f} -> {result.costs[-1]:.1f}, rounds {len(result.costs)}")
    print(f"{len(data.export.marks) / seconds:.1f} images/s a core")
    print("published consensus:", labels_like(data, load_recipe(PUBLISHED).consensus))
    print("ours:", labels_like(data, CONFIG))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        curves = Table(rows=rows, names=("method", "threshold", "completeness", "purity"))
        vote_curves(curves, out / "vote_curves.png")
        marks = data.export.marks
        looked = np.bincount(marks.look_volunteer, minlength=len(marks.volunteers))
        columns = {
            name: getattr(result.skills, name)
            for name in ("false_positive", "false_negative", "variance")
        }
        skill_map(Table({"n_images": looked, **columns}), out / "volunteers.png")


def _beside(found: Found, baseline: tuple[float, float, float]) -> float:
    """Threshold at which both figures are furthest above the baseline's."""

    def gain(threshold: float) -> float:
        completeness, purity, _ = found.at(threshold)
        return min(completeness - baseline[0], purity - baseline[1])

    return max(map(float, np.unique(np.quantile(found.score, np.linspace(0, 1, 300)))), key=gain)


def _refitted(found: Found) -> tuple[float, float]:
    """The calibration that suits these boxes best: (a, b) of the recipe."""
    old = CONFIG.calibration
    odds = (logit(np.clip(found.score, 1e-15, 1 - 1e-15)) - old[0]) / old[1]
    sign = 2.0 * found.true - 1
    fit = minimize(
        lambda p: np.logaddexp(0, -sign * (p[0] + p[1] * odds)).sum(), old, method="Nelder-Mead"
    )
    return float(fit.x[0]), float(fit.x[1])


def _made(folder: Path, galaxies: int, seed: int) -> Path:
    recipe = Recipe(seed=seed)
    simulate(folder, galaxies, recipe, 1)
    ask_volunteers(folder, 20, recipe, 1)
    return folder


if __name__ == "__main__":
    given = [Path(word) for word in sys.argv[1:]]
    if given:
        main(given[0], given[1], given[2] if len(given) > 2 else None)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(_made(Path(scratch) / "v", 150, 101), _made(Path(scratch) / "t", 150, 202), None)
