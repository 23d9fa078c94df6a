"""Whether errors hold: pulls of point sources injected into real and simulated hosts, and of none.

Hosts are galaxies of the shared frames and simulated ones without clumps, r = 14.2 to 18.5, by how
well they are resolved: R50 over PSF-FWHM, as measured. At places inside the outline, farther than
one FWHM from the nucleus and two from other sources that SEP finds, `measure` is asked for the
flux of nothing and of one point source (its signal-to-noise log-uniform from 3 to 30, by the noise
of the pixels alone, with its own photon noise). A pull is (measured - true) / error; widths are
half of 16 to 84 %.

    python benchmarks/bench_pulls.py [--places N] [--simulated N] [--work FOLDER]
    python benchmarks/bench_pulls.py --stars

FOLDER keeps cutouts and simulated hosts for the next call. Real ones need ../shared/data.
--stars measures isolated stars as targets instead (`stars_as_targets.py`).
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from reality import FRAMES, frame_cutouts
from scipy.stats import norm
from stars_as_targets import stars

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import SampleConfig
from clumpscope.config.simulate import ClumpsConfig, HostsConfig, SimulateConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.jobs.simulate import simulate
from clumpscope.ops.host import host_centre, psf_fwhm_px
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.sources import extract
from clumpscope.stages.measure import measure
from clumpscope.stages.simulate.inject import added_light, with_light
from clumpscope.store.sample import Sample

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAGNITUDES = (14.2, 18.5)
RATIOS = (1.5, 2.0, 3.0, np.inf)
SNRS = (3.0, 5.0, 10.0, 30.0)
NUCLEUS_FWHM = 1.0
CLEAR_FWHM = 2.0
RECIPE = Recipe(
    seed=31,
    simulate=SimulateConfig(
        hosts=HostsConfig(r_mag=(15.0, 18.5), r90_arcsec=(3.0, 25.0)),
        clumps=ClumpsConfig(clumpless_share=1.0),
    ),
)


class Host(NamedTuple):
    """A galaxy: its image, outline, R50 over FWHM, and u flux with its error."""

    image: GalaxyImage
    outline: Flags
    ratio: float
    flux_u: float
    flux_u_err: float


@dataclass(frozen=True, eq=False)
class Case:
    """One place in five bands: host's R50 over FWHM and u flux, S/N (0: bare), truth, measured."""

    ratio: float
    flux_u: float
    flux_u_err: float
    snr: float
    true: Values
    flux: Values
    error: Values


def hosts(sample: Sample) -> Iterator[Host]:
    """Galaxies of the magnitudes and of R50 over 1.5 FWHM."""
    names = ("petro_flux_r", "petro_r50_arcsec", "psf_fwhm_r", "petro_flux_u", "petro_flux_err_u")
    columns = np.column_stack([plain(sample.hosts, name) for name in names]).astype(float)
    for index, (flux, r50, fwhm, flux_u, error) in enumerate(columns):
        magnitude = 22.5 - 2.5 * np.log10(max(flux, 1e-3))
        if MAGNITUDES[0] < magnitude < MAGNITUDES[1] and r50 / fwhm >= RATIOS[0]:
            image = sample.read(index, SampleConfig())
            outline = galaxy_outline(image, RECIPE.refine)
            if outline.any():
                yield Host(image, outline, r50 / fwhm, flux_u, error if error > 0 else 0.0)


def places(rng: np.random.Generator, host: Host, number: int) -> Values:
    """(n, 2) uniform places inside the host, off its nucleus, other sources and bad pixels."""
    image, fwhm = host.image, psf_fwhm_px(host.image)
    rows, cols = np.indices(image.shape)
    allowed = host.outline & np.all([image[band].good for band in SDSS_BANDS], axis=0)
    x, y = host_centre(image)
    allowed &= np.hypot(cols - x, rows - y) > NUCLEUS_FWHM * fwhm
    for band in ("g", "r"):
        plane = image[band]
        found, _ = extract(
            plane.data, np.sqrt(np.maximum(plane.variance, 1e-12)), 1.5, contrast=0.001
        )
        for source in found:
            at = source["xpeak"], source["ypeak"]
            if np.hypot(at[0] - x, at[1] - y) > NUCLEUS_FWHM * fwhm:
                allowed &= np.hypot(cols - at[0], rows - at[1]) > CLEAR_FWHM * fwhm
    row, col = np.nonzero(allowed)
    if not row.size:
        return np.empty((0, 2))
    chosen = rng.integers(0, row.size, min(number, row.size))
    return np.column_stack([col, row])[chosen] + rng.uniform(-0.5, 0.5, (len(chosen), 2))


def cases(sample: Sample, number: int) -> list[Case]:
    """Each place of each host, bare and with a source."""
    rng, found = np.random.default_rng(5), []
    for host in hosts(sample):
        for xy in places(rng, host, number):
            snr = float(np.exp(rng.uniform(np.log(SNRS[0]), np.log(SNRS[-1]))))
            true = snr * np.array([pixel_noise(host.image, band, xy) for band in SDSS_BANDS])
            planes = {
                band: with_light(
                    rng,
                    host.image[band],
                    added_light(host.image, band, true[[k]], np.zeros(1), xy[None]),
                )
                for k, band in enumerate(SDSS_BANDS)
            }
            filled = replace(host.image, bands={**host.image.bands, **planes})
            for image, here, flux in ((host.image, 0.0, 0 * true), (filled, snr, true)):
                one = measure(image, xy[None], RECIPE.measure, host.outline)
                found.append(Case(*host[2:], here, flux, one.flux[0], one.flux_err[0]))
    return found


def pixel_noise(image: GalaxyImage, band: str, xy: Values) -> float:
    """Error of a point source's flux in an aperture of 1.125 FWHM from the noise there alone."""
    plane = image[band]
    x, y = np.rint(xy).astype(int)
    near = plane.variance[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    radius = 1.125 * psf_fwhm_px(image, band)
    return float(1.15 * np.sqrt(np.pi * radius**2 * near.mean()))


def table(what: str, groups: Sequence[tuple[str, list[Case]]]) -> None:
    """Width, and share beyond 3, of the pulls in each band of each group."""
    print(f"\n{what}: width of pulls (median; % beyond 3) in " + " ".join(SDSS_BANDS))
    for name, members in groups:
        if not members:
            continue
        pulls = np.array([(one.flux - one.true) / one.error for one in members])
        cells = []
        for pull in pulls.T:
            low, middle, high = np.percentile(pull[np.isfinite(pull)], [16, 50, 84])
            far = 100 * np.mean(np.abs(pull[np.isfinite(pull)]) > 3)
            cells.append(f"{(high - low) / 2:.2f} ({middle:+.2f}; {far:.1f})")
        print(f"  {name:10s} n {len(members):4d}: " + "  ".join(cells))


def ratios(what: str, found: list[Case]) -> None:
    """How many empty places measure 3 % of the host in u, and how right `p_3pct` is."""
    limit = np.array([0.03 * one.flux_u for one in found])
    flux, true = (np.array([getattr(one, name)[0] for one in found]) for name in ("flux", "true"))
    error = np.array([np.hypot(one.error[0], 0.03 * one.flux_u_err) for one in found])
    bare = np.array([one.snr == 0 for one in found])
    usable = np.isfinite(flux) & np.isfinite(error) & (limit > 0)
    empty = usable & bare
    measured = int((flux[empty] > limit[empty]).sum())
    expected = norm.sf(limit[empty] / error[empty]).sum()
    print(f"{what}: of {empty.sum()} empty places {measured} measure 3 %, {expected:.1f} expected")
    sure = usable & (norm.sf((limit - flux) / error) > 0.9)
    right = int((true[sure] > limit[sure]).sum())
    print(
        f"{what}: p_3pct > 0.9 for {sure.sum()} places, right for {right / max(sure.sum(), 1):.3f}"
    )


def report(what: str, found: list[Case]) -> None:
    """All tables of one kind of host."""
    filled = [one for one in found if one.snr > 0]
    by_ratio = [
        (f"R50 {low:g}-{high:g}", [one for one in filled if low <= one.ratio < high])
        for low, high in pairwise(RATIOS)
    ]
    by_snr = [
        (f"S/N {low:g}-{high:g}", [one for one in filled if low <= one.snr < high])
        for low, high in pairwise(SNRS)
    ]
    table(f"{what}, injected", [*by_ratio, *by_snr, ("all", filled)])
    empty = [one for one in found if one.snr == 0]
    by_ratio = [
        (f"R50 {low:g}-{high:g}", [one for one in empty if low <= one.ratio < high])
        for low, high in pairwise(RATIOS)
    ]
    table(f"{what}, empty places", [*by_ratio, ("all", empty)])
    ratios(what, found)


def kept(folder: Path) -> Sample | None:
    """The sample in a folder, if it is there."""
    return Sample.open(folder) if (folder / "hosts.parquet").is_file() else None


def main() -> None:
    """Inject and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=40, help="of each real host")
    parser.add_argument("--simulated", type=int, default=160, help="hosts")
    parser.add_argument("--work", type=Path, help="keeps the samples")
    parser.add_argument("--stars", action="store_true", help="only stars as targets")
    options = parser.parse_args()
    if options.stars:
        stars()
        return
    with tempfile.TemporaryDirectory() as empty:
        work = options.work or Path(empty)
        if FRAMES.is_dir():
            real = kept(work / "real") or frame_cutouts(work, 18.8)
            report("real", cases(real, options.places))
        folder = work / "simulated"
        if kept(folder) is None:
            simulate(folder, options.simulated, RECIPE, 1)
        report("simulated", cases(Sample.open(folder), 6))


if __name__ == "__main__":
    main()
