"""A run beside every classical finder at equal purity, by flux ratio.

For each finder the detector's threshold is set so that both have the same purity (claims of
>= 3 %), at the finder's own threshold, which other galaxies chose, and at its highest purity of
at least 20 claims. Then completeness in bins of true flux ratio, and what chance would match. RUN
is made with a low score threshold.

    python benchmarks/bench_baselines.py RUN TRUTH [--galaxies N] [--workers N]
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from bench_completeness import describe

from clumpscope.core.boxes import Label
from clumpscope.engine.local import default_workers, silent
from clumpscope.jobs.baselines import baseline_catalogues
from clumpscope.ops.shares import Share
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.stages.evaluate.cases import Cases, cases, rotated
from clumpscope.stages.evaluate.halves import other_half_threshold
from clumpscope.stages.evaluate.matches import above, matches
from clumpscope.stages.evaluate.scores import Evaluation, evaluate
from clumpscope.store.run import Run
from clumpscope.store.truth import read_truth

EDGES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.15, 1.0)
FEWEST = 20  # claims of a purity


def threshold_at(result: Evaluation, purity: float) -> float:
    """Lowest threshold of a curve from which on purity is at least so high."""
    enough = [t for t, score in result.curve if score.purity.value >= purity]
    return min(enough, default=float("nan"))


def found(items: Cases, threshold: np.ndarray, low: float, high: float) -> Share:
    """Completeness of normal truths of a flux ratio."""
    kept, pairs = above(items, matches(items, Label.CLUMP), threshold)
    wanted = (kept.truth.label == Label.CLUMP) & (kept.truth.ratio >= low)
    wanted &= kept.truth.ratio < high
    return Share.of_counts(int((pairs.of_truth[wanted] >= 0).sum()), int(wanted.sum()))


def main() -> None:
    """Compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--galaxies", type=int, help="the first so many; default: all")
    parser.add_argument("--workers", type=int, default=default_workers())
    options = parser.parse_args()
    run, truth = Run(options.run), read_truth(options.truth)
    galaxies, catalogue = run.read("galaxies"), run.read("catalogue")
    wanted = galaxies["galaxy_id"][: options.galaxies]
    left_out = set(map(str, galaxies["galaxy_id"])) - set(map(str, wanted))
    galaxies = galaxies[: options.galaxies]
    made = baseline_catalogues(
        run.sample(),
        run.recipe(),
        list(FINDERS),
        workers=options.workers,
        progress=silent,
        left_out=left_out,
    )
    ours = evaluate(catalogue, galaxies, truth)
    galaxies["score_threshold"] = 0.0  # the run's is not theirs
    items = cases(catalogue, galaxies, truth)
    for name, theirs in made.items():
        result = evaluate(theirs, galaxies, truth, threshold=other_half_threshold)
        describe(name, result)
        others = cases(theirs, galaxies, truth)
        pure = [(t, s) for t, s in result.curve if s.purity.n >= FEWEST]
        best = max(pure, key=lambda one: one[1].purity.value)
        for what, purity, their_least in (
            ("own threshold", result.at(0.03).purity.value, result.threshold),
            ("purest", best[1].purity.value, np.full(len(galaxies), best[0])),
        ):
            least = threshold_at(ours, purity)
            print(f"{name}, {what}: purity {purity:.3f}, the detector's threshold {least:.2f}")
            mine = np.full(len(galaxies), least)
            for low, high in pairwise(EDGES):
                shares = [found(items, mine, low, high), found(others, their_least, low, high)]
                chance = [
                    found(rotated(one), limit, low, high).value
                    for one, limit in ((items, mine), (others, their_least))
                ]
                cells = " | ".join(f"{s.value:.3f} ({s.low:.3f}-{s.high:.3f})" for s in shares)
                print(
                    f"| {name} | {purity:.2f} | {low:g}-{high:g} | {shares[0].n} | {cells} | "
                    f"{chance[0]:.2f}, {chance[1]:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
