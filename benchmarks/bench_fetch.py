"""Speed, bytes and memory of `fetch`: cutouts with and without resampling, to disk, measured.

Run alone: ``OMP_NUM_THREADS=1 python benchmarks/bench_fetch.py [FRAMES]``, FRAMES a folder of
SDSS fields in u g r i z (by default the shared ones, else a synthetic field). Prints rates a
second and core (medians of rounds that take turns), each with what would limit it, bytes a galaxy
and what compression changes, wall time by processes, and memory over 5,000 targets.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray
from scipy import ndimage

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.stars import Stars
from clumpscope.files.unpacked import unpacked
from clumpscope.jobs.fetch import fetch
from clumpscope.ops.on_window import on_window
from clumpscope.ops.sources import extract
from clumpscope.ops.window import Window
from clumpscope.ops.window import cut as cut_plane
from clumpscope.stages.fetch.cutout import cut_galaxy
from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import Mirror, open_mirror
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import Target, make_targets
from clumpscope.store.images import read_galaxy, write_galaxy

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / "../shared/data/sdss_frames"
SIDE = 101  # px
ARCSEC = SIDE * 0.396
BANDS = "ugriz"
ROUNDS = 7
MANY = 5000  # targets
SMALL_ARCSEC = 16.0

Places = NDArray[np.float64]


def in_turn(works: Mapping[str, tuple[Callable[[int], object], int]]) -> dict[str, float]:
    """Median processor time of a call, s: each work in turn, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(ROUNDS + 1):
        for name, (work, calls) in works.items():
            start = time.process_time()
            for index in range(calls):
                work(index)
            if turn:  # the first warms caches
                seconds[name].append((time.process_time() - start) / calls)
    return {name: float(np.median(took)) for name, took in seconds.items()}


def galaxies(band: Band) -> Places:
    """Extended sources brighter than 20 mag, away from the rim: (n, 2) pixels, brightest first."""
    frame = band.frame
    ny, nx = frame.data.shape
    found, _ = extract(frame.data, np.sqrt(frame.variance), 2.0, contrast=0.005)
    fwhm = band.psf.at(ny / 2, nx / 2).fwhm_px
    wide = np.sqrt(found["a"] * found["b"]) * 2.3548 > 1.4 * fwhm
    inside = (found["x"] > 60) & (found["x"] < nx - 60) & (found["y"] > 60) & (found["y"] < ny - 60)
    kept = np.flatnonzero(wide & inside & (found["flux"] > 10) & (found["flag"] < 4))
    kept = kept[np.argsort(-found["flux"][kept])]
    return np.column_stack([found["x"], found["y"]])[kept]


def known() -> dict[str, float]:
    """What a list that spares all measurements gives."""
    names = ["petro_r50_arcsec", "petro_r90_arcsec", "axis_ratio", "position_angle_deg"]
    names += [f"petro_flux{kind}_{band}" for kind in ("", "_err") for band in BANDS]
    return dict.fromkeys(names, 6.0)


def rates(bands: dict[str, Band], stars: Stars, folder: Path) -> None:
    """Print the rates of one field beside their limits."""
    rng = np.random.default_rng(1)
    frame = bands["r"].frame
    ny, nx = frame.data.shape
    anywhere = np.column_stack([rng.uniform(150, nx - 150, 200), rng.uniform(150, ny - 150, 200)])
    at = {"anywhere": anywhere, "galaxies": galaxies(bands["r"])}
    sky = {name: native_to_sky(places, frame.wcs) for name, places in at.items()}
    n_galaxies = min(24, len(at["galaxies"]))
    stamp = np.ascontiguousarray(frame.data[300 : 318 + SIDE, 300 : 318 + SIDE])
    turn = np.array([[1.0, 2e-4], [-2e-4, 1.0]])

    def window(index: int) -> Window:
        return Window.centred(frame.wcs, *anywhere[index % 200], SIDE)

    def cut(index: int, where: str, given: dict[str, float]) -> GalaxyImage:
        index %= len(sky[where])
        target = Target(f"g{index}", *sky[where][index], known=given)
        return cut_galaxy(target, bands, "r", stars, FetchConfig(), ARCSEC).image

    def to_disk(index: int, where: str, given: dict[str, float]) -> None:
        write_galaxy(folder / f"g{index}.fits", cut(index, where, given))

    def copied(place: Window) -> None:
        for plane in (frame.data, frame.variance, bands["r"].mask):
            cut_plane(plane, place, 0.0)

    def arithmetic(_: int) -> None:
        for order in (3, 1):
            ndimage.affine_transform(stamp, turn, 8.3, output_shape=(SIDE, SIDE), order=order)

    packed = b"\0" * (folder / "size.fits").stat().st_size if _written(folder, cut) else b""
    took = in_turn(
        {
            "one": (lambda k: on_window(bands["r"], window(k), own=True), 60),
            "copy": (lambda k: copied(window(k)), 60),
            "window": (window, 60),
            "resampled": (lambda k: on_window(bands["g"], window(k), own=False), 40),
            "arithmetic": (arithmetic, 40),
            "bytes": (lambda k: _replaced(folder / f"b{k}.fits", packed), 20),
            "known": (lambda k: to_disk(k, "anywhere", known()), 20),
            "galaxies": (lambda k: to_disk(k, "galaxies", {}), n_galaxies),
            "anywhere": (lambda k: to_disk(k, "anywhere", {}), 20),
        }
    )
    copying = took["copy"] - took["window"]
    four = 4 * took["arithmetic"] + took["bytes"]
    lines = [
        ("single-band cutouts in memory, not resampled", "one", 600, "copying", copying),
        ("single-band resamplings in memory", "resampled", 150, "spline", took["arithmetic"]),
        ("five bands to disk, host known", "known", 60, "splines, bytes to disk", four),
        ("the same, host measured, at galaxies", "galaxies", 25, "splines, bytes to disk", four),
        ("the same, host measured, anywhere", "anywhere", 25, "splines, bytes to disk", four),
    ]
    for what, name, asked, limit, least in lines:
        print(
            f"{what}, {SIDE} px: {1 / took[name]:.0f}/s a core (asked {asked}); limit: {limit}, "
            f"{1 / least:.0f}/s, {took[name] / least:.1f} times as fast"
        )


def _written(folder: Path, cut: Callable[[int, str, dict[str, float]], GalaxyImage]) -> bool:
    write_galaxy(folder / "size.fits", cut(0, "anywhere", known()))
    return True


def _replaced(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    beside.replace(path)


def sizes(bands: dict[str, Band], stars: Stars, folder: Path) -> None:
    """Print bytes a galaxy both ways, and what compression changes."""
    frame = bands["r"].frame
    sky = native_to_sky(galaxies(bands["r"])[:40], frame.wcs)
    for side in (ARCSEC, 2 * ARCSEC):
        cost: dict[str, list[float]] = {"none": [], "quantised": []}
        hosts, noise, write, read = [], [], {"none": 0.0, "quantised": 0.0}, dict(cost)
        read = {"none": 0.0, "quantised": 0.0}
        for index, (ra, dec) in enumerate(sky):
            target = Target(f"g{index}", ra, dec, known=known())
            image = cut_galaxy(target, bands, "r", stars, FetchConfig(), side).image
            found = {}
            for kind in ("none", "quantised"):
                path = folder / f"{kind}.fits"
                start = time.process_time()
                write_galaxy(path, image, kind)
                middle = time.process_time()
                found[kind] = read_galaxy(path)
                write[kind] += middle - start
                read[kind] += time.process_time() - middle
                cost[kind].append(path.stat().st_size)
            hosts += _changes(found["none"], found["quantised"])
            for name, plane in found["none"].bands.items():
                off = found["quantised"][name].data - plane.data
                noise.append(float(np.std(off / np.sqrt(np.maximum(plane.variance, 1e-9)))))
        plain, small = (float(np.mean(cost[kind])) for kind in ("none", "quantised"))
        change = np.array(hosts)
        print(
            f"bytes a galaxy, {round(side / 0.396)} px in five bands: {plain / 1e3:.0f} kB, "
            f"quantised {small / 1e3:.0f} kB, {plain / small:.2f} times smaller; fluxes within 3 "
            f"arcsec of {len(change)} bands of hosts (signal-to-noise above 100) change by "
            f"{100 * np.median(np.abs(change)):.3f} % (median), {100 * np.abs(change).max():.3f} % "
            f"(most), {100 * change.mean():+.4f} % (mean); noise x "
            f"{np.sqrt(1 + np.mean(noise) ** 2):.4f}"
        )
        print(
            "; ".join(
                f"{kind}: written in {1e3 * write[kind] / len(sky):.1f} ms, "
                f"read in {1e3 * read[kind] / len(sky):.1f} ms"
                for kind in write
            )
        )


def _changes(before: GalaxyImage, after: GalaxyImage) -> Iterator[float]:
    """Relative changes of the flux within 3 arcsec, in bands that see the host well."""
    rows, cols = np.indices(before.shape) - before.shape[0] // 2
    inside = np.hypot(rows, cols) < 3.0 / before.pixscale_arcsec
    for band, plane in before.bands.items():
        flux = float(plane.data[inside].sum(dtype=float))
        if flux > 100 * np.sqrt(float(plane.variance[inside].sum(dtype=float))):
            yield float(after[band].data[inside].sum(dtype=float)) / flux - 1


def reading(mirror: Mirror) -> tuple[dict[str, Band], Stars]:
    """Read a field, and print what of it is decompression."""
    key = min(mirror.footprints)
    start = time.process_time()
    for path in mirror.frames[key].values():
        with unpacked(path, ValueError, 200.0, "") as stream:
            stream.read()
    middle = time.process_time()
    bands = load_field(mirror, key)
    stars = field_stars(bands)
    end = time.process_time()
    print(
        f"one field read, masked, PSFs, stars: {end - middle:.1f} s of CPU, "
        f"of which decompression {middle - start:.1f} s"
    )
    return bands, stars


def whole_command(mirror: Mirror, folder: Path) -> None:
    """Print wall times of the command by processes, and memory over many targets."""
    rng = np.random.default_rng(2)
    keys = sorted(mirror.footprints)
    each = MANY // len(keys)
    sky = []
    for key in keys:
        place = mirror.footprints[key]
        ny, nx = place.shape
        xy = np.column_stack([rng.uniform(30, nx - 30, each), rng.uniform(30, ny - 30, each)])
        sky.append(native_to_sky(xy, place.wcs))
    ra, dec = np.concatenate(sky).T
    columns = {"galaxy_id": [f"g{k}" for k in range(len(ra))], "ra": ra, "dec": dec}
    columns |= {name: np.full(len(ra), value) for name, value in known().items()}
    table = Table(columns)
    recipe = Recipe(fetch=FetchConfig(compression="quantised"))
    done = 0

    def watch(count: int) -> None:
        nonlocal done
        done += count
        if done % (len(table) // 10) == 0:
            print(f"after {done} targets {_resident():.0f} MB resident", flush=True)

    start = time.perf_counter()
    fetch(
        "sdss",
        make_targets(table),
        mirror.folder,
        folder / "many",
        recipe,
        size_arcsec=SMALL_ARCSEC,
        progress=watch,
    )
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(table)} targets of {SMALL_ARCSEC:.0f} arcsec over {len(keys)} fields, one process: "
        f"{wall:.0f} s, peak {peak:.0f} MB"
    )
    few = table[:: max(len(table) // (100 * len(keys)), 1)]
    for workers in (1, 2, 1, 2):
        start = time.perf_counter()
        fetch("sdss", make_targets(few), mirror.folder, folder / f"few{start}", recipe,
              size_arcsec=ARCSEC, workers=workers)  # fmt: skip
        wall = time.perf_counter() - start
        print(f"{len(few)} targets over {len(keys)} fields, {workers} processes: {wall:.0f} s")


def _resident() -> float:
    """MB that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Print all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        if not folder.is_dir():
            sys.path.insert(0, str(ROOT / "tests"))  # the tests draw synthetic fields
            from sdss_mirror import make_field

            folder = work / "mirror"
            make_field(folder)
        mirror = open_mirror(folder)
        bands, stars = reading(mirror)
        rates(bands, stars, work)
        sizes(bands, stars, work)
        whole_command(mirror, work)


if __name__ == "__main__":
    main()
