"""Time and memory of an evaluation of a whole survey: 50,000 galaxies, 150,000 candidates.

Positions are drawn at random, half of the candidates near a truth. Beside it the limit: the
greedy walk over the pairs that are near each other, which is all that is not a sort.

    python benchmarks/bench_evaluate.py [--galaxies N] [--bootstraps N]
"""

import argparse
import resource
import time

import numpy as np
from astropy.table import QTable

from clumpscope.core.clumps import clump_table
from clumpscope.core.records import GALAXIES, TRUTH, record_table
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.matches import matches
from clumpscope.stages.evaluate.scores import evaluate

FIELD_PX, FWHM_PX, PIXEL_ARCSEC = 100.0, 3.3, 0.396


def survey(galaxies: int, each: int = 3) -> tuple[QTable, QTable, QTable]:
    """Catalogue, galaxies and truth of a made-up survey."""
    rng = np.random.default_rng(1)
    n = galaxies * each
    names = np.array([f"g{k:06d}" for k in range(galaxies)])
    table = record_table(
        GALAXIES,
        {
            "galaxy_id": names,
            "psf_fwhm_r": np.full(galaxies, FWHM_PX * PIXEL_ARCSEC),
            "pixscale_arcsec": np.full(galaxies, PIXEL_ARCSEC),
            "host_px_x": np.full(galaxies, FIELD_PX / 2),
            "host_px_y": np.full(galaxies, FIELD_PX / 2),
            "score_threshold": np.full(galaxies, 0.3),
        },
    )
    owner = np.repeat(names, each)
    xy = rng.uniform(0, FIELD_PX, (n, 2))
    truth = record_table(
        TRUTH,
        {
            "galaxy_id": owner,
            "clump_id": np.tile(np.arange(1, each + 1), galaxies),
            "x": xy[:, 0],
            "y": xy[:, 1],
            "label": rng.choice([1, 2], n, p=[0.75, 0.25]),
            "flux_ratio_u": 10 ** rng.uniform(-2.5, -0.5, n),
        },
    )
    near = xy + rng.normal(0, 1, (n, 2))
    found = np.where(rng.random((n, 1)) < 0.5, near, rng.uniform(0, FIELD_PX, (n, 2)))
    catalogue = clump_table(
        "release",
        {
            "galaxy_id": owner,
            "clump_id": np.tile(np.arange(1, each + 1), galaxies),
            "clump_centre_px_x": found[:, 0],
            "clump_centre_px_y": found[:, 1],
            "clump_score": rng.uniform(0.3, 1, n),
            "clump_label_id": rng.choice([1, 2], n, p=[0.75, 0.25]),
            "clump_flux_ratio": 10 ** rng.uniform(-2.5, -0.5, n),
        },
    )
    return catalogue, table, truth


def main() -> None:
    """Time it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=50_000)
    parser.add_argument("--bootstraps", type=int, default=1000)
    options = parser.parse_args()
    catalogue, galaxies, truth = survey(options.galaxies)

    def timed(what: str, bootstraps: int) -> None:
        start = time.perf_counter()
        result = evaluate(catalogue, galaxies, truth, bootstraps=bootstraps)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        score = result.at(0.03)
        print(
            f"{what}: {seconds:.1f} s, peak {peak:.2f} GB; completeness "
            f"{score.completeness.value:.3f} of {score.completeness.n}",
            flush=True,
        )

    items = cases(catalogue, galaxies, truth)
    start = time.perf_counter()
    pairs = matches(items)
    matched = int((pairs.of_found >= 0).sum())
    print(f"one matching: {time.perf_counter() - start:.2f} s, {matched} of {len(items.found)}")
    timed("no bootstrap", 0)
    timed(f"{options.bootstraps} bootstraps", options.bootstraps)


if __name__ == "__main__":
    main()
