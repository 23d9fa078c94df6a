"""Clumps in real hosts before and after a star is pasted beside them.

A star of r = 15, 16, 17, 18 is pasted into the frames at 6, 10, 15, 25 arcsec from each of twelve
real hosts; clumps are pasted, too, at places inside the host's outline, at signal-to-noise above
10. Stars are found, the cutout made and the clumps measured as `fetch` and `measure` do, with and
without the star; noise is the same in both but for the star's photons. Of clumps that no mask of
the star touches: change of flux and error. Of the others: the quality they get.

    python benchmarks/bench_star_light.py [--hosts N]
"""

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
from pasted import CLUMP, STAR, Pasted, magnitude_flux, paste
from reality import fields, galaxies

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.field import Band
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.quality import quality
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.fetch.cutout import cut_galaxy
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import Target
from clumpscope.stages.measure import Photometry, measure

MAGNITUDES = (15.0, 16.0, 17.0, 18.0)
DISTANCES = (6.0, 10.0, 15.0, 25.0)
HOST_R = 18.2
PIXEL = 0.396
LEAST_SNR = 10.0
_TOUCHED = int(ClumpFlag.STAR | ClumpFlag.NEAR_STAR)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hosts", type=int, default=12)
    count = parser.parse_args().hosts
    rng = np.random.default_rng(4)
    rows: list[tuple[float, ...]] = []
    hosts = 0
    for key, bands in fields():
        targets = galaxies(HOST_R, f"{key.run:06d}")
        for name, ra, dec in targets:
            if hosts == count:
                break
            found = list(changes(bands, Target(name, ra, dec, {}), rng))
            hosts += bool(found)
            rows += found
    report(np.array(rows), hosts)


def changes(
    bands: dict[str, Band], target: Target, rng: np.random.Generator
) -> Iterator[tuple[float, ...]]:
    """A row for each star, clump and band in which the clump is well seen.

    Magnitude, distance, change of flux over flux and over its error, ratio of the errors, whether
    the star's mask is touched, quality.
    """
    wcs = bands["r"].frame.wcs
    x, y = sky_to_native([[target.ra, target.dec]], wcs)[0]
    bare = cut_galaxy(target, bands, "r", field_stars(bands), FetchConfig()).image
    outline = galaxy_outline(bare, RefineConfig())
    if outline.sum() < 150:
        return
    radius = np.sqrt(outline.sum() / np.pi)
    angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(3) / 3
    away = 0.55 * radius
    places = np.column_stack([x + away * np.cos(angles), y + away * np.sin(angles)])
    clumps = [Pasted(a, b, magnitude_flux(19.3, CLUMP)) for a, b in places]
    seed = int(rng.integers(1 << 30))
    before = photometry(paste(bands, clumps, np.random.default_rng(seed)), target, places)
    for magnitude, distance in product(MAGNITUDES, DISTANCES):
        turn = rng.uniform(0, 2 * np.pi)
        star = Pasted(
            x + distance / PIXEL * np.cos(turn),
            y + distance / PIXEL * np.sin(turn),
            magnitude_flux(magnitude, STAR),
        )
        ny, nx = bands["r"].frame.data.shape
        if not (30 < star.x < nx - 30 and 30 < star.y < ny - 30):
            continue
        light = paste(bands, clumps, np.random.default_rng(seed))
        after = photometry(paste(light, [star], rng), target, places)
        levels = quality(after.flags)
        for k, b in product(range(len(places)), range(len(after.bands))):
            flux, error = before.flux[k, b], before.flux_err[k, b]
            if flux < LEAST_SNR * error or before.flags[k] & _TOUCHED:
                continue
            change = after.flux[k, b] - flux
            yield (
                magnitude,
                distance,
                change / flux,
                change / error,
                after.flux_err[k, b] / error,
                float(after.flags[k] & _TOUCHED > 0),
                float(levels[k]),
            )


def photometry(bands: dict[str, Band], target: Target, places: np.ndarray) -> Photometry:
    """Clumps at r-frame pixels, the field's stars found anew."""
    image = cut_galaxy(target, bands, "r", field_stars(bands), FetchConfig()).image
    xy = sky_to_native(native_to_sky(places, bands["r"].frame.wcs), image.wcs)
    return measure(image, xy, MeasureConfig(), galaxy_outline(image, RefineConfig()))


def report(rows: np.ndarray, hosts: int) -> None:
    """Medians and shares by magnitude and distance."""
    print(f"{hosts} hosts, {len(rows)} fluxes (clump, band)")
    print("star  at     untouched  |change|  > 0.5 sigma  errors   touched  of quality >= 1")
    cases = [*product(MAGNITUDES, DISTANCES), (None, None)]
    for magnitude, distance in cases:
        chosen = np.ones(len(rows), dtype=bool)
        if magnitude is not None:
            chosen = (rows[:, 0] == magnitude) & (rows[:, 1] == distance)
        touched = rows[:, 5] > 0
        clear, hit = rows[chosen & ~touched], rows[chosen & touched]
        name = "all        " if magnitude is None else f"{magnitude:4.0f} {distance:4.0f}″ "
        if len(clear):
            print(
                f"{name} {len(clear):8d}  {np.median(np.abs(clear[:, 2])):8.3f}"
                f"  {np.mean(np.abs(clear[:, 3]) > 0.5):11.3f}  {np.median(clear[:, 4]):6.2f}",
                end="",
            )
        else:
            print(f"{name} {0:8d}" + " " * 33, end="")
        good = f"{np.mean(hit[:, 6] >= 1):.3f}" if len(hit) else "-"
        print(f"  {len(hit):8d}  {good}")


if __name__ == "__main__":
    main()
