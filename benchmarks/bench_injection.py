"""Fluxes of injected clumps as `measure` recovers them, in simulated hosts and real cutouts.

Each clump is measured at its true position. Said of clumps at signal-to-noise above 10, no
neighbour within 3 FWHM: median measured over true flux, and width of (measured - true) / error.
Clumps are point sources, unless a share is to be slightly resolved as in the simulated survey.
Real cutouts need ../shared/data.

    python benchmarks/bench_injection.py [--galaxies N] [--resolved SHARE]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from reality import FRAMES, frame_cutouts
from scipy.spatial.distance import cdist

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig, SampleConfig
from clumpscope.config.simulate import ClumpsConfig, SimulateConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.jobs.simulate import simulate
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import measure
from clumpscope.store.sample import Sample

RECIPE = Recipe(
    seed=9,
    simulate=SimulateConfig(
        clumps=ClumpsConfig(clumpless_share=0.0, mean=3.0, flux_ratio_u=(0.02, 0.3), cutoff=0.3)
    ),
)
FAINTEST = 17.5  # in r, of real hosts: on fainter ones hardly a clump has the signal-to-noise
LEAST_SNR = 10.0
APART_FWHM = 3.0


def recovered(sample: Sample) -> dict[str, np.ndarray]:
    """(n, 3) true flux, measured flux and error of isolated clumps, by band."""
    truth = sample.truth()
    true = {band: plain(truth, f"flux_{band}") for band in SDSS_BANDS}
    xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
    normal = plain(truth, "label") == 1
    rows_of = rows_by_id(truth)
    found: dict[str, list[np.ndarray]] = {band: [] for band in SDSS_BANDS}
    for index, galaxy_id in enumerate(sample.ids):
        rows = rows_of.get(galaxy_id)
        if rows is None:
            continue
        image = sample.read(index, SampleConfig())
        fwhm = psf_fwhm_px(image)
        apart = cdist(xy[rows], xy[rows]) + np.diag(np.full(len(rows), np.inf))
        alone = normal[rows] & (apart.min(axis=1) > APART_FWHM * fwhm)
        if not alone.any():
            continue
        outline = galaxy_outline(image, RECIPE.refine)
        photometry = measure(image, xy[rows], MeasureConfig(), outline)
        for k, band in enumerate(SDSS_BANDS):
            measured = photometry.flux[alone, k], photometry.flux_err[alone, k]
            found[band].append(np.column_stack([true[band][rows][alone], *measured]))
    return {band: np.concatenate(parts) for band, parts in found.items()}


def report(what: str, sample: Sample) -> None:
    """Print how fluxes come back, by band."""
    for band, values in recovered(sample).items():
        true, flux, error = values[np.isfinite(values).all(axis=1)].T
        good = true / error > LEAST_SNR
        pull = (flux - true)[good] / error[good]
        spread = 1.4826 * np.median(np.abs(pull - np.median(pull)))
        print(
            f"{what}, {band}: {good.sum()} clumps, median measured / true "
            f"{np.median((flux / true)[good]):.3f}, width of pulls {spread:.2f}"
        )


def main() -> None:
    """Inject and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=200)
    parser.add_argument("--resolved", type=float, default=0.0)
    options = parser.parse_args()
    clumps = RECIPE.simulate.clumps.model_copy(update={"resolved_share": options.resolved})
    crowded = RECIPE.simulate.model_copy(update={"clumps": clumps})
    recipe = RECIPE.model_copy(update={"simulate": crowded})
    with tempfile.TemporaryDirectory() as work:
        hosts = {"simulated": Path(work) / "simulated"}
        bare = RECIPE.simulate.model_copy(update={"clumps": ClumpsConfig(clumpless_share=1.0)})
        plain_recipe = RECIPE.model_copy(update={"simulate": bare})
        simulate(hosts["simulated"], options.galaxies, plain_recipe, 1)
        if FRAMES.is_dir():
            hosts["real"] = frame_cutouts(Path(work), FAINTEST).folder
        for what, folder in hosts.items():
            out = Path(work) / f"injected-{what}"
            simulate(out, options.galaxies, recipe, 1, hosts=folder)
            report(what, Sample.open(out))


if __name__ == "__main__":
    main()
