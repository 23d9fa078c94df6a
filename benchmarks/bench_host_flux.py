"""Petrosian fluxes of disks injected anywhere in the shared frames, as `fetch` measures them.

Disks of r = 16 to 18.5 are pasted at random places, in halos of bright stars and among crowds
too, twenty at a time; only places on another galaxy's light are left out. The truth is what the
same method gives for the disk without noise on an empty sky. Bias is the median of measured over
true flux, pulls are (measured - true) / error, their width half of the central 68 %.

    python benchmarks/bench_host_flux.py [--hosts N] [--field RUN]
"""

import argparse
from dataclasses import replace

import numpy as np
from pasted import HOST, Pasted, magnitude_flux, paste
from reality import fields

from clumpscope.config.fetch import FetchConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.field import Band
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.stars import Stars
from clumpscope.errors import ClumpscopeError
from clumpscope.ops.sources import extract
from clumpscope.stages.fetch.cutout import cut_galaxy
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import Target

AT_ONCE = 20
NO_STARS = Stars.none(SDSS_BANDS)
APART = 150.0  # px between injected disks


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hosts", type=int, default=400)
    parser.add_argument("--field", default="")
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    all_fields = [bands for _, bands in fields(arguments.field)]
    rows: list[dict[str, object]] = []
    while len(rows) < arguments.hosts:
        bands = all_fields[len(rows) // AT_ONCE % len(all_fields)]
        rows += measured(bands, rng)
    report(rows[: arguments.hosts])


def measured(bands: dict[str, Band], rng: np.random.Generator) -> list[dict[str, object]]:
    """Twenty disks in one field."""
    sources = [disk(x, y, rng) for x, y in places(bands["r"], rng)]
    light = paste(bands, sources, rng)
    stars = field_stars(light)
    empty = {name: blank(band) for name, band in bands.items()}
    rows = []
    for source in sources:
        ra, dec = native_to_sky([[source.x, source.y]], bands["r"].frame.wcs)[0]
        target = Target("injected", float(ra), float(dec), {})
        alone = paste(empty, [source], None)
        try:
            true = cut_galaxy(target, alone, "r", NO_STARS, FetchConfig()).host
            found = cut_galaxy(target, light, "r", stars, FetchConfig()).host
        except ClumpscopeError as error:
            print("failed:", error)
            continue
        rows.append({"true": true, "found": found})
    return rows


def disk(x: float, y: float, rng: np.random.Generator) -> Pasted:
    """A disk of r = 16 to 18.5; brighter ones are larger."""
    magnitude = rng.uniform(16, 18.5)
    scale = rng.uniform(0.7, 1.4) * 10 ** (-0.2 * (magnitude - 16)) * 3.0 / 0.396
    flux = magnitude_flux(magnitude, HOST)
    return Pasted(x, y, flux, scale, rng.uniform(0.3, 1), rng.uniform(0, 180))


def places(band: Band, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Places 150 px apart, off saturated cores, and off the light of galaxies of r < 19."""
    data, noise = band.frame.data, np.sqrt(band.frame.variance)
    table, segments = extract(data, noise, 2.0, contrast=1.0)
    wide = (table["flux"] > 25) & (table["npix"] > 150)
    cores = (band.mask & MaskBit.SATURATED) > 0
    galaxies = np.concatenate([[False], wide])[segments] & ~cores
    ny, nx = data.shape
    found: list[tuple[float, float]] = []
    while len(found) < AT_ONCE:
        x, y = rng.uniform(100, nx - 100), rng.uniform(100, ny - 100)
        near = np.s_[int(y) - 15 : int(y) + 16, int(x) - 15 : int(x) + 16]
        if galaxies[near].any() or cores[near].any():
            continue
        if all(np.hypot(x - a, y - b) > APART for a, b in found):
            found.append((x, y))
    return found


def blank(band: Band) -> Band:
    """The band without any light."""
    frame = replace(band.frame, data=np.zeros_like(band.frame.data))
    return Band(frame, np.zeros_like(band.mask), band.psf)


def report(rows: list[dict[str, object]]) -> None:
    """Bias, widths and outliers by band, of all and by what is flagged."""
    flags = np.array([int(row["found"]["flags"]) for row in rows])  # type: ignore[index]
    crowded = flags & int(ClumpFlag.HOST_CROWDED) > 0
    halo = flags & int(ClumpFlag.NEAR_STAR) > 0
    for name, chosen in (
        ("all", np.ones(len(rows), dtype=bool)),
        ("not crowded", ~crowded),
        ("crowded", crowded),
        ("in a halo", halo & ~crowded),
    ):
        if chosen.sum() < 5:
            continue
        print(f"{name}: {chosen.sum()} hosts")
        for band in SDSS_BANDS:
            true, found, error = (
                np.array([row[kind][f"petro_flux{stem}_{band}"] for row in rows])[chosen]  # type: ignore[index]
                for kind, stem in (("true", ""), ("found", ""), ("found", "_err"))
            )
            known = np.isfinite(true) & np.isfinite(found)
            ratio, pull = (found / true)[known], ((found - true) / error)[known]
            low, middle, high = np.percentile(pull, [16, 50, 84])
            print(
                f"  {band}: {known.sum()} measured, median {np.median(ratio):.3f}, "
                f"16-84 % {np.percentile(ratio, 16):.3f}-{np.percentile(ratio, 84):.3f}, "
                f"pulls {middle:+.2f} width {(high - low) / 2:.2f}, "
                f"beyond 3: {np.mean(np.abs(pull) > 3):.3f}"
            )


if __name__ == "__main__":
    main()
