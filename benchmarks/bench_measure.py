"""Galaxies a second on one core through refine + measure, five bands in memory.

Run alone: ``OMP_NUM_THREADS=1 python benchmarks/bench_measure.py``.
"""

import sys
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.core.boxes import Boxes
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.stages.measure import measure, photometry_table
from clumpscope.stages.refine import positions_table, refine

N_GALAXIES = 40
SIDE = 160
N_CLUMPS = 4
N_BOXES = 25  # above the score floor, as a detector hands them over
REPEATS = 7
TARGET = 40.0


def sample(rng: np.random.Generator) -> list[tuple[GalaxyImage, Boxes]]:
    """Galaxies with four clumps each, and boxes on them and elsewhere."""
    pairs = []
    for i in range(N_GALAXIES):
        angle = rng.uniform(0, 2 * np.pi, N_CLUMPS)
        radius = rng.uniform(8, 25, N_CLUMPS)
        xy = SIDE / 2 + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        spurious = rng.uniform(0.3 * SIDE, 0.7 * SIDE, (N_BOXES - N_CLUMPS, 2))
        scores = np.append(rng.uniform(0.4, 1, N_CLUMPS), rng.uniform(0.05, 0.3, len(spurious)))
        image = scenes.galaxy(f"g{i}", (SIDE, SIDE), xy, flux=5.0, scale_px=7.0, seed=i)
        boxes = scenes.boxes_at(np.vstack([xy, spurious]), image.shape, scores=scores)
        pairs.append((image, boxes))
    return pairs


def main() -> None:
    """Time both stages and print the median rate."""
    recipe = Recipe()
    pairs = sample(np.random.default_rng(1))
    seconds: dict[str, list[float]] = {"refine": [], "measure": [], "tables": []}
    clumps = 0
    for _ in range(REPEATS):
        start = process_time()
        refined = [refine(image, boxes, recipe.refine, 0.3) for image, boxes in pairs]
        between = process_time()
        measured = [
            measure(image, one.xy, recipe.measure, one.outline)
            for (image, _), one in zip(pairs, refined, strict=True)
        ]
        after = process_time()
        positions = positions_table(
            [
                (image.galaxy_id, image.wcs, one)
                for (image, _), one in zip(pairs, refined, strict=True)
            ]
        )
        clumps = len(photometry_table(positions, measured, recipe.measure))
        end = process_time()
        for name, value in zip(
            seconds, (between - start, after - between, end - after), strict=True
        ):
            seconds[name].append(value)
    for name, values in seconds.items():
        print(f"{name:8s} {1e3 * median(values) / N_GALAXIES:6.2f} ms a galaxy")
    rate = N_GALAXIES / median(
        a + b for a, b in zip(seconds["refine"], seconds["measure"], strict=True)
    )
    print(
        f"refine + measure: {rate:.0f} galaxies/s a core (target {TARGET:.0f}); "
        f"{N_GALAXIES} galaxies of {SIDE} px, 5 bands, {clumps / N_GALAXIES:.1f} clumps each"
    )


if __name__ == "__main__":
    main()
