"""The simulated survey beside reality: label statistics, colours, sky noise, figures.

Needs ../shared/data. With --out, histograms and contact sheets are drawn there.

    python benchmarks/bench_realism.py [--galaxies N | --sample DIR] [--out DIR]
"""

import argparse
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
from reality import DATA, blank_sky, frame_cutouts, picture_sheet
from scipy.stats import ks_2samp

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.schema import plain
from clumpscope.engine.local import default_workers
from clumpscope.jobs.simulate import simulate
from clumpscope.stages.simulate.clumps import clump_colours
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table

mpl.use("Agg")
from matplotlib import pyplot as plt

RECIPES = Path(__file__).parents[1] / "recipes"
BANDS = "ugriz"
Numbers = dict[str, np.ndarray]


def label_numbers(corners: np.ndarray, galaxy: np.ndarray) -> Numbers:
    """Side, radius (px of the 400 px field) and number a galaxy of boxes, after the padding cut.

    ``corners`` (n, 4) in pixels of the 200 px crop; the cut is that of Popp et al. 2024.
    """
    kept = (corners[:, :2] > 20).all(axis=1) & (corners[:, 2:] < 180).all(axis=1)
    corners, galaxy = corners[kept], galaxy[kept]
    centre = (corners[:, :2] + corners[:, 2:]) / 2 - 100
    kept = (np.abs(centre) > 8).any(axis=1)  # bulges are removed likewise
    corners, galaxy, centre = corners[kept], galaxy[kept], centre[kept]
    _, counts = np.unique(galaxy, return_counts=True)
    return {
        "box side [px]": (corners[:, 2:] - corners[:, :2]).mean(axis=1),
        "radius [px]": np.hypot(*centre.T),
        "labels a galaxy": counts,
    }


def real_labels() -> Numbers:
    """Those of Galaxy Zoo: Clump Scout."""
    table = read_user_table(DATA / "gzcs_labels.parquet")
    return label_numbers(corners_of(table).astype(float), np.asarray(table["zoo_id"]))


def simulated_labels(sample: Sample) -> Numbers:
    """Those of a simulated sample, on the same crop."""
    table = sample.labels()
    return label_numbers(corners_of(table) * 400 - 100, np.asarray(table["galaxy_id"]))


def colours() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """u-g and g-r of Stripe 82 clumps, and of simulated ones of the same ratios and errors."""
    table = read_user_table(DATA / "s82_clumpy" / "clump_photometry.csv")
    flux = np.column_stack([table[f"clump_flux_{band}"] for band in BANDS]).astype(float)
    error = np.column_stack([table[f"clump_fluxerr_{band}"] for band in BANDS]).astype(float)
    ratio = flux[:, 0] / np.asarray(table["gal_flux_u"], dtype=float)
    usable = (flux > 0).all(axis=1) & (ratio > 0.003) & (ratio < 0.3)
    rng = np.random.default_rng(0)
    relative = np.repeat(error[usable] / flux[usable], 20, axis=0)
    ratio = np.repeat(ratio[usable], 20)
    intrinsic = clump_colours(rng, ratio)
    noise = 1.0857 * relative * rng.standard_normal(relative.shape)
    real = -2.5 * np.log10(flux[usable, :-1] / flux[usable, 1:])
    return {
        name: (intrinsic[:, k] + noise[:, k] - noise[:, k + 1], real[:, k])
        for k, name in enumerate(("u-g [mag]", "g-r [mag]"))
    }


def histograms(pairs: dict[str, tuple[np.ndarray, np.ndarray]], out: Path) -> None:
    """Draw simulated over real."""
    figure, axes = plt.subplots(2, 3, figsize=(11, 6.5), layout="constrained")
    for axis, (name, (simulated, real)) in zip(axes.flat, pairs.items(), strict=False):
        low, high = np.percentile(np.concatenate([simulated, real]), [0.3, 99.7])
        whole = name.startswith("labels")
        bins = np.arange(0.5, 9.5) if whole else np.linspace(low, high, 30)
        axis.hist(real, bins, density=True, color="0.8", label="real")
        axis.hist(simulated, bins, density=True, histtype="step", color="C3", label="simulated")
        axis.set_xlabel(name)
        axis.set_title(f"KS {ks_2samp(simulated, real).statistic:.3f}", fontsize=9)
    for axis in axes.flat[len(pairs) :]:
        axis.set_visible(False)
    axes.flat[0].legend()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def hosts_figure(sample: Sample, out: Path) -> None:
    """Draw mass against redshift, colour, sSFR and size of simulated hosts."""
    column = {name: plain(sample.hosts, name) for name in sample.hosts.colnames}
    r_mag = 22.5 - 2.5 * np.log10(column["petro_flux_r"])
    g_r = -2.5 * np.log10(column["petro_flux_g"] / column["petro_flux_r"])
    figure, axes = plt.subplots(2, 2, figsize=(8.5, 6.5), layout="constrained")
    for axis, x, y, labels in (
        (axes[0, 0], column["redshift"], column["log_mass"], ("redshift", "log mass")),
        (axes[0, 1], column["log_mass"], column["log_ssfr"], ("log mass", "log sSFR")),
        (axes[1, 0], column["log_mass"], g_r, ("log mass", "g-r")),
        (axes[1, 1], r_mag, column["petro_r90_arcsec"], ("r", "R90 [arcsec]")),
    ):
        axis.plot(x, y, ".", ms=2, alpha=0.5)
        axis.set(xlabel=labels[0], ylabel=labels[1])
    figure.savefig(out, dpi=110)
    plt.close(figure)


def main() -> None:
    """Print the distances; draw if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=1500)
    parser.add_argument("--sample", type=Path, help="a simulated one, instead of a new one")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"no data in {DATA}")
    with tempfile.TemporaryDirectory() as work:
        folder = options.sample or Path(work) / "survey"
        if not options.sample:
            simulate(folder, options.galaxies, Recipe(seed=41), default_workers())
        sample = Sample.open(folder)
        found, real = simulated_labels(sample), real_labels()
        pairs = {name: (found[name], real[name]) for name in real} | colours()
        for name, (ours, theirs) in pairs.items():
            print(
                f"{name}: KS {ks_2samp(ours, theirs).statistic:.3f}, "
                f"medians {np.median(ours):.2f} and {np.median(theirs):.2f}"
            )
        counts = found["labels a galaxy"]
        means = counts.mean(), real["labels a galaxy"].mean()
        print("labels a galaxy with any: {:.2f} (real {:.2f})".format(*means))
        print(f"galaxies without a label: {1 - len(counts) / len(sample):.3f} (real 0.56)")
        for band, (ours, theirs) in blank_sky(sample).items():
            print(
                f"blank sky in {band}: {ours:.4f} and {theirs:.4f} nmgy, ratio {ours / theirs:.3f}"
            )
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            histograms(pairs, options.out / "simulated_over_real.png")
            hosts_figure(sample, options.out / "simulated_hosts.png")
            picture_sheet(sample, options.out / "simulated.png", 48)
            field = Path(work) / "field"
            simulate(field, 48, load_recipe(RECIPES / "field.toml"), default_workers())
            picture_sheet(Sample.open(field), options.out / "simulated_field.png", 48)
            picture_sheet(frame_cutouts(Path(work)), options.out / "real_field.png", 48)


if __name__ == "__main__":
    main()
