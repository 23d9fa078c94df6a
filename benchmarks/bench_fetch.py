"""Speed of `fetch`: resampling in memory and five-band cutouts to disk, a core.

Run alone: ``OMP_NUM_THREADS=1 python benchmarks/bench_fetch.py [FRAMES]``, FRAMES a folder with
one field's frames in u g r i z (by default the shared one, else a synthetic field).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clumpscope.config.fetch import FetchConfig
from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky
from clumpscope.ops.resample import fit_affine, resample
from clumpscope.ops.window import Window
from clumpscope.stages.fetch.cutout import cut_galaxy
from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from clumpscope.stages.fetch.targets import Target
from clumpscope.store.images import write_galaxy

ROOT = Path(__file__).resolve().parents[1]
SIDE = 101  # px
SHARED = ROOT / "../shared/data/sdss_frames/003918-3-0213"


def best_rate(work: Callable[[int], object], n: int, rounds: int = 5) -> float:
    """Calls a second, the best of several rounds of ``n`` (others may share the machine)."""
    rates = []
    for _ in range(rounds):
        start = time.process_time()
        for index in range(n):
            work(index)
        rates.append(n / (time.process_time() - start))
    return max(rates)


def bench(bands: dict[str, Band]) -> dict[str, float]:
    """Rates, a second and core."""
    rng = np.random.default_rng(1)
    frame = bands["r"].frame
    ny, nx = frame.data.shape
    places = np.column_stack([rng.uniform(150, nx - 150, 200), rng.uniform(150, ny - 150, 200)])
    sky = native_to_sky(places, frame.wcs)
    source = bands["g"]

    def one_band(index: int) -> object:
        grid = Window.centred(frame.wcs, *places[index], SIDE)
        matrix, offset = fit_affine(grid.wcs, grid.shape, source.frame.wcs)
        return resample(
            source.frame.data, source.frame.variance, source.mask, matrix, offset, grid.shape
        )

    names = ["petro_r50_arcsec", "petro_r90_arcsec", "axis_ratio", "position_angle_deg"]
    names += [f"petro_flux{kind}_{band}" for kind in ("", "_err") for band in "ugriz"]
    known = dict.fromkeys(names, 6.0)

    with tempfile.TemporaryDirectory() as folder:

        def to_disk(index: int, given: dict[str, float]) -> None:
            target = Target(f"g{index}", *sky[index], known=given)
            fetched = cut_galaxy(target, bands, "r", FetchConfig(), SIDE * 0.396)
            write_galaxy(Path(folder) / f"g{index}.fits", fetched.image)

        return {
            "single-band resamplings, in memory": best_rate(one_band, 100),
            "five-band cutouts to disk, host known": best_rate(lambda i: to_disk(i, known), 30),
            "five-band cutouts to disk, host measured": best_rate(lambda i: to_disk(i, {}), 15),
        }


def main() -> None:
    """Print the rates beside what the issue asks."""
    asked = {"single-band resamplings, in memory": 150, "five-band cutouts to disk, host known": 40}
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    with tempfile.TemporaryDirectory() as made:
        if not folder.is_dir():
            sys.path.insert(0, str(ROOT / "tests"))  # the tests draw synthetic fields
            from sdss_mirror import make_field

            folder = Path(made)
            make_field(folder)
        mirror = open_mirror(folder)
        start = time.process_time()
        bands = load_field(mirror, min(mirror.footprints))
        print(f"one field read, masked, PSFs: {time.process_time() - start:.1f} s of CPU")
    for name, rate in bench(bands).items():
        need = f" (asked: {asked[name]})" if name in asked else ""
        print(f"{name}, {SIDE} px: {rate:.0f}/s a core{need}")


if __name__ == "__main__":
    main()
