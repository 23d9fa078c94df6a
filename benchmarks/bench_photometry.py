"""Bias, scatter and pulls of the photometry on scenes of exactly known content.

Run alone: ``python benchmarks/bench_photometry.py [--scale 0.2] [--figure FILE.png]``. The scenes
are exponential disks and point sources drawn by GalSim through a double-Gaussian PSF, with the
noise of single-epoch SDSS; where ``../shared/data`` is there, stars through real SDSS PSFs, too.
"""

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import galsim
import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray
from photometry_scenes import FWHM, PIXSCALE, SKY_VARIANCE, Disk, galaxy, make_wcs, place
from scipy.stats import norm

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.clumps import clump_table
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import plain
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.catalogue import catalogue
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.stages.measure import Photometry, measure, photometry_table

Values = NDArray[np.float64]


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RECIPE = Recipe()


def measured(image: GalaxyImage, xy: Values) -> Photometry:
    """Photometry by the defaults."""
    return measure(image, xy, RECIPE.measure, galaxy_outline(image, RECIPE.refine))


def star_bias() -> None:
    """Stars drawn through real SDSS PSFs, on blank sky: bias in each band."""
    print("\nstars through real psField PSFs: bias of the default, of the published method")
    for name in ("psField-002583-2-0136.fits", "psField-003900-6-0269.fit"):
        path = SHARED / "sdss_psf" / name
        if not path.is_file():
            print(f"  {path.name} is not here")
            continue
        models = read_psfield(path)
        rng = np.random.default_rng(1)
        for band in SDSS_BANDS:
            ours, published = [], []
            for _ in range(40):
                psf = models[band].at(rng.uniform(0, 1489), rng.uniform(0, 2048)).astype(float)
                xy = np.array([[60.0, 60.0]]) + rng.uniform(-0.5, 0.5, 2)
                drawn = galsim.InterpolatedImage(
                    galsim.Image(psf, scale=1.0), x_interpolant="lanczos15", flux=100.0
                ).shift(*(xy[0] - 60))
                data = drawn.drawImage(nx=121, ny=121, scale=1.0, method="no_pixel").array
                width = adaptive_fwhm_px(psf) * PIXSCALE
                variance = np.full(data.shape, SKY_VARIANCE[band], np.float32)
                plane = BandImage(
                    data.astype(np.float32), variance, np.zeros(data.shape, np.uint8),
                    make_wcs(121), width, psf.astype(np.float32),
                )  # fmt: skip
                config = RECIPE.measure.model_copy(update={"bands": (band,)})
                found = measure(
                    GalaxyImage("star", {band: plane}), xy, config, np.zeros(data.shape, bool)
                )
                ours.append(found.flux[0, 0])
                published.append(found.published_flux[0, 0])
            print(
                f"  {path.name[:20]} {band}: {np.mean(ours) - 100:+6.2f} % (largest "
                f"{np.abs(np.array(ours) - 100).max():.2f}), {np.mean(published) - 100:+6.1f} %"
            )


def disk_bias(azimuths: int) -> list[tuple[float, ...]]:
    """Noise-free 3 % clumps on disks: FWHM/h, axis ratio, radius, and u biases of both ways, %."""
    rows = []
    for steepness, ratio in product((0.3, 0.4, 0.5), (1.0, 0.8, 0.6, 0.4)):
        disk = Disk(FWHM * 1.16 / steepness, ratio)
        for radius in (0.75, 1.0, 1.5, 2.0, 2.5):
            for azimuth in np.linspace(0, 2 * np.pi, azimuths, endpoint=False):
                xy = place(disk, radius, azimuth, 161)[None]
                image = galaxy("g", disk, xy, np.full((1, 5), 3.0), None, side=161)
                found = measured(image, xy)
                ours, old = (
                    100 * (flux[0, 0] / 3 - 1) for flux in (found.flux, found.published_flux)
                )
                rows.append((steepness, ratio, radius, ours, old))
    return rows


def print_disk_bias(rows: list[tuple[float, ...]]) -> None:
    """Largest and mean bias inside the promised range."""
    table = np.array(rows)
    print("\n3 % clumps at 1-2 scale lengths, u: bias % mean (largest), published mean (largest)")
    for steepness, ratio in product((0.3, 0.4, 0.5), (1.0, 0.8, 0.6, 0.4)):
        chosen = (table[:, 0] == steepness) & (table[:, 1] == ratio)
        chosen &= (table[:, 2] >= 1) & (table[:, 2] <= 2)
        ours, old = table[chosen, 3], table[chosen, 4]
        print(
            f"  FWHM/h {steepness} b/a {ratio}: {ours.mean():+5.2f} ({np.abs(ours).max():4.2f}),"
            f" {old.mean():+6.1f} ({np.abs(old).max():5.1f})"
        )


@dataclass(frozen=True)
class Case:
    """One clump in one band: what it is and what was measured."""

    kind: str
    band: int
    true: float
    flux: float
    error: float


def noisy_galaxy(seed: int) -> tuple[str, Disk, Values, Values, GalaxyImage]:
    """A random disk with three isolated clumps, or with two that blend."""
    rng = np.random.default_rng(seed)
    disk = Disk(rng.uniform(2.8, 5), rng.uniform(0.4, 1), rng.uniform(0, np.pi))
    blend, shifted, side = seed % 2 == 1, seed % 4 >= 2, 141
    places: list[Values] = []
    while len(places) < (1 if blend else 3):
        one = place(disk, rng.uniform(0.6, 2.5), rng.uniform(0, 2 * np.pi), side)
        if all(np.hypot(*(one - other)) > 3 * FWHM / PIXSCALE for other in places):
            places.append(one)
    xy = np.array(places)
    if blend:
        step = rng.uniform(1.5, 2.2) * 1.1 * FWHM / PIXSCALE
        turn = rng.uniform(0, 2 * np.pi)
        xy = np.vstack([xy, xy + step * np.array([np.cos(turn), np.sin(turn)])])
    flux = 10 ** rng.uniform(-0.5, 1.1, (len(xy), 1)) * 10 ** rng.uniform(-0.6, 0.6, (len(xy), 5))
    image = galaxy("g", disk, xy, flux, rng, side=side, shifted=shifted)
    kind = "blend" if blend else "resampled" if shifted else "isolated"
    return kind, disk, xy, flux, image


def pulls(galaxies: int) -> None:
    """Pulls of fluxes, colours and flux ratios in bins of true signal-to-noise."""
    cases: list[Case] = []
    colours: list[tuple[float, float]] = []
    ratios: list[tuple[float, float]] = []
    for seed in range(galaxies):
        kind, disk, xy, flux, image = noisy_galaxy(seed)
        found = measured(image, xy)
        for k in range(len(xy)):
            for b in range(5):
                if kind != "resampled" or b != 2:
                    cases.append(Case(kind, b, flux[k, b], found.flux[k, b], found.flux_err[k, b]))
        rng = np.random.default_rng(seed)
        host = disk.flux * (1 + 0.03 * rng.standard_normal())
        table = release(image, xy, found, host, 0.03 * disk.flux)
        u_g = -2.5 * np.log10(flux[:, 0] / flux[:, 1])
        worst = (flux / found.flux_err)[:, :2].min(axis=1)
        pull = (plain(table, "clump_mag_corr_u_g") - u_g) / plain(table, "clump_mag_corr_err_u_g")
        colours += list(zip(worst, pull, strict=True))
        pull = (plain(table, "clump_flux_ratio") - flux[:, 0] / disk.flux) / plain(
            table, "clump_flux_ratio_err"
        )
        ratios += list(zip((flux / found.flux_err)[:, 0], pull, strict=True))
    print(f"\npulls of {len(cases)} fluxes on disks: mean, width; bias above 20")
    for kind in ("isolated", "resampled", "blend"):
        chosen = [case for case in cases if case.kind == kind]
        true, flux_, error = (
            np.array([getattr(case, name) for case in chosen]) for name in ("true", "flux", "error")
        )
        print_pulls(kind, true / error, (flux_ - true) / error)
        bright = true / error > 20
        print(f"    bias above 20: {100 * np.mean(flux_[bright] / true[bright] - 1):+.2f} %")
    for name, pairs in (("u-g", colours), ("ratio", ratios)):
        table_ = np.array(pairs)
        print_pulls(name, *table_[np.isfinite(table_).all(axis=1)].T)


def print_pulls(name: str, snr: Values, pull: Values) -> None:
    """Mean, its error and width in three bins."""
    for low, high in ((3, 5), (5, 10), (10, 20)):
        of_bin = pull[(snr >= low) & (snr < high)]
        error = of_bin.std() / np.sqrt(of_bin.size)
        print(
            f"  {name:9s} {low:2d}-{high:2d}: {of_bin.mean():+.3f} +- {error:.3f},"
            f" width {of_bin.std():.3f} ({of_bin.size})"
        )


def release(
    image: GalaxyImage, xy: Values, found: Photometry, host: float, host_err: float
) -> QTable:
    """The catalogue of one galaxy."""
    sky = native_to_sky(xy, image.wcs)
    columns = {
        "galaxy_id": ["g"] * len(xy), "clump_id": np.arange(1, len(xy) + 1),
        "clump_centre_ra": sky[:, 0], "clump_centre_dec": sky[:, 1],
    }  # fmt: skip
    photometry = photometry_table(clump_table("positions", columns), [found], RECIPE.measure)
    row = {"galaxy_id": ["g"], "ebv": [0.0], "petro_flux_u": [host], "petro_flux_err_u": [host_err]}
    return catalogue(photometry, record_table(HOSTS, row), RECIPE.catalogue)


def empty_positions(galaxies: int) -> None:
    """Share of empty positions measured above 3 % of the host, over what the errors predict."""
    counts = {"default": 0, "published": 0}
    expected = dict.fromkeys(counts, 0.0)
    total = 0
    for seed in range(galaxies):
        rng = np.random.default_rng(10_000 + seed)
        flux = 10 ** (-0.4 * (rng.uniform(17, 18.5) - 22.5))  # u, where 3 % is 2.6 to 8 sigma
        disk = Disk(rng.uniform(2.2, 4), rng.uniform(0.5, 1), rng.uniform(0, np.pi), flux)
        image = galaxy("g", disk, np.empty((0, 2)), np.empty((0, 5)), rng, side=121)
        outline = galaxy_outline(image, RECIPE.refine)
        config = RECIPE.measure.model_copy(update={"bands": ("u",)})
        for _ in range(6):
            xy = place(disk, rng.uniform(0.6, 3), rng.uniform(0, 2 * np.pi), 121)[None]
            found = measure(image, xy, config, outline)
            total += 1
            for name, one, error in (
                ("default", found.flux, found.flux_err),
                ("published", found.published_flux, found.published_flux_err),
            ):
                counts[name] += bool(one[0, 0] > 0.03 * flux)
                expected[name] += float(norm.sf(0.03 * flux / error[0, 0]))
    print(f"\nof {total} empty positions on smooth hosts, measured above 3 %:")
    for name, count in counts.items():
        print(f"  {name:9s} {count} where {expected[name]:.1f} are expected")


def figure(rows: list[tuple[float, ...]], crowd: list[tuple[float, ...]], path: Path) -> None:
    """Bias and scatter of both backgrounds against radius, FWHM/h, inclination and crowding."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    table, near = np.array(rows), np.array(crowd)
    panels = [
        (table[:, 2], table[:, 3:], "radius / scale length"),
        (table[:, 0], table[:, 3:], "PSF-FWHM / scale length"),
        (table[:, 1], table[:, 3:], "axis ratio"),
        (near[:, 0], near[:, 1:], "distance of neighbour / PSF-FWHM"),
    ]
    ticks = [-10, -5, 0, 5, 10, 30, 100, 300]
    fig, axes = plt.subplots(1, 4, figsize=(13, 3.6), sharey=True, layout="constrained")
    for axis, (values, biases, label) in zip(axes, panels, strict=True):
        groups = np.unique(values)
        width = 0.01 * np.ptp(groups)
        for k, (name, colour, marker) in enumerate(
            (("host model (default)", "tab:blue", "o"), ("annulus (published)", "tab:red", "s"))
        ):
            middle = [np.mean(biases[values == group, k]) for group in groups]
            spread = [np.std(biases[values == group, k]) for group in groups]
            axis.errorbar(
                groups + (2 * k - 1) * width, middle, spread, color=colour, marker=marker,
                capsize=3, label=name,
            )  # fmt: skip
        axis.axhline(0, color="0.5", lw=0.8, zorder=0)
        axis.axhspan(-5, 5, color="0.9", zorder=-1)
        axis.set_xlabel(label)
        axis.set_yscale("symlog", linthresh=10)
        axis.set_yticks(ticks, [str(tick) for tick in ticks])
    axes[0].set_ylabel("bias of a 3 % clump, % of its flux (u)")
    right = axes[-1].twinx()
    right.set_yscale("symlog", linthresh=10)
    right.set_yticks(ticks, [f"{0.03 * tick:g}" for tick in ticks])
    right.set_ylim(axes[-1].get_ylim())
    right.set_ylabel("% of the host's flux")
    axes[0].legend(frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(path, dpi=110)
    print(f"figure in {path}")


def crowding(azimuths: int) -> list[tuple[float, ...]]:
    """Noise-free 3 % clumps at 1.5 scale lengths beside one of 6 %: distance and u biases, %."""
    rows = []
    disk = Disk(FWHM * 1.16 / 0.4, 0.8)
    for separation in (1.5, 1.75, 2.0, 2.5, 3.0, 4.0):
        for azimuth in np.linspace(0, 2 * np.pi, azimuths, endpoint=False):
            one = place(disk, 1.5, azimuth, 161)
            step = separation * 1.1 * FWHM / PIXSCALE
            turn = azimuth + 1.0
            xy = np.vstack([one, one + step * np.array([np.cos(turn), np.sin(turn)])])
            flux = np.array([[3.0], [6.0]]) * np.ones(5)
            found = measured(galaxy("g", disk, xy, flux, None, side=161), xy)
            biases = (100 * (f[0, 0] / 3 - 1) for f in (found.flux, found.published_flux))
            rows.append((separation, *biases))
    return rows


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of scenes")
    parser.add_argument("--figure", type=Path, help="PNG to draw")
    arguments = parser.parse_args()
    azimuths = max(3, round(8 * arguments.scale))
    star_bias()
    rows = disk_bias(azimuths)
    print_disk_bias(rows)
    pulls(round(1200 * arguments.scale))
    empty_positions(round(800 * arguments.scale))
    if arguments.figure is not None:
        figure(rows, crowding(azimuths), arguments.figure)


if __name__ == "__main__":
    main()
