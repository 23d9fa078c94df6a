"""What hostile input costs: memory and time of the real commands, and what they say.

Run alone: ``OMP_NUM_THREADS=1 python benchmarks/bench_limits.py [NAME]...``, NAMEs of cases (by
default all). Each runs in a process that may take 6 GB and 120 s; it should be over within 3 GB
and 30 s, with the hostile galaxy or file refused by name. The first two are lawful: images of as
many pixels, and of as wide a PSF, as the limits allow.
"""

import bz2
import gzip
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from astropy.io import fits
from astropy.table import Table
from safetensors.torch import load_file, save_file

from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.records import CORNERS
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.models.header import KEY, read_spec
from clumpscope.models.registry import find_model
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.images import read_galaxy
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

MOST_MEMORY, MOST_SECONDS = 6_000_000_000, 120
GB = bytes(1_000_000_000)
LIMITS = LimitsConfig()
Case = Callable[[Path, Path], list[str]]  # makes its input beside a good sample, gives a command


def of_run(make: Callable[[Path, Path], None]) -> Case:
    """`run` on a good galaxy and a hostile one, ``bad``, which ``make`` puts into the folder."""

    def case(folder: Path, good: Path) -> list[str]:
        images = folder / "sample"
        images.mkdir()
        (images / "good.fits").write_bytes(good.read_bytes())
        make(images, good)
        return ["run", str(images), "--out", str(folder / "run"), "--workers", "1"]

    return case


def edited(**cards: object) -> Case:
    """A good image with some other cards in all HDUs."""

    def make(images: Path, good: Path) -> None:
        with fits.open(good) as hdus:
            for hdu in hdus[1:]:
                hdu.header.update(cards)
            hdus.writeto(images / "bad.fits")

    return of_run(make)


def wide_psf(images: Path, good: Path) -> None:
    """A PSF as wide as allowed."""
    with fits.open(good) as hdus:
        kept = [hdu for hdu in hdus if not hdu.name.upper().endswith("_PSF")]
        for hdu in kept[1:]:
            hdu.header["PSFFWHM"] = 0.395 * (LIMITS.psf_px - 1) / 2 / 4.5 * 2.3548
        fits.HDUList(kept).writeto(images / "bad.fits")


def large(side: int) -> Case:
    """Five bands of ``side`` px: sky of noise, and the good galaxy in the middle."""

    def make(images: Path, good: Path) -> None:
        image = read_galaxy(good)
        noise = np.random.default_rng(0).normal(0, 0.02, (side, side)).astype(">f4")
        hdus: list[object] = [fits.PrimaryHDU()]
        for band, plane in image.bands.items():
            ny, nx = plane.data.shape
            start = (side - ny) // 2
            noise[start : start + ny, start : start + nx] = plane.data
            hdu = fits.ImageHDU(noise, image.wcs.to_header())
            cards = {"EXTNAME": band, "BUNIT": "nanomaggy", "PSFFWHM": plane.psf_fwhm_arcsec}
            hdu.header.update(cards)
            hdu.header["CRPIX1"] += start
            hdu.header["CRPIX2"] += start
            hdus.append(hdu)
        fits.HDUList(hdus).writeto(images / "bad.fits")

    return of_run(make)


def pipe(images: Path, good: Path) -> None:  # noqa: ARG001
    """A pipe that nobody writes to."""
    os.mkfifo(images / "bad.fits")


def endless(images: Path, good: Path) -> None:  # noqa: ARG001
    """A link to a device that has no end."""
    (images / "bad.fits").symlink_to("/dev/zero")


def gzip_bomb(images: Path, good: Path) -> None:
    """18 GB in 18 MB, under the name of a plain file."""
    piece = gzip.compress(GB)
    (images / "bad.fits").write_bytes(gzip.compress(good.read_bytes()) + 18 * piece)


def picture(images: Path, good: Path) -> None:  # noqa: ARG001
    """A PNG of 400 Mpx."""
    side = 20_000

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(side * (3 * side + 1)), 1))
    (images / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b""))


def tiles(images: Path, good: Path) -> None:  # noqa: ARG001
    """A compressed image of 225 Mpx in a small file."""
    hdu = fits.CompImageHDU(np.zeros((15_000, 15_000), np.uint8), tile_shape=(1000, 15_000))
    hdu.header["EXTNAME"] = "r"
    hdu.writeto(images / "bad.fits")


def host(images: Path, good: Path) -> None:
    """A host table with an impossible declination."""
    (images / "bad.fits").write_bytes(good.read_bytes())
    hosts = Table({"galaxy_id": ["good", "bad"], "ra": [150.0, 150.0], "dec": [20.0, 95.0]})
    write_parquet(hosts, images / "hosts.parquet")


def frames(folder: Path, good: Path) -> list[str]:  # noqa: ARG001
    """Frames of 11 GB in 8 kB."""
    piece = bz2.compress(GB)
    header = fits.PrimaryHDU(np.zeros((1489, 2048), np.float32)).header
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 20.0}
    cards |= {"CRPIX1": 1024.5, "CRPIX2": 744.5, "CD1_1": -1.1e-4, "CD2_2": 1.1e-4}
    header.update({**cards, "CD1_2": 0.0, "CD2_1": 0.0})
    mirror = folder / "frames"
    mirror.mkdir()
    for band in "ugriz":
        path = mirror / f"frame-{band}-003918-3-0213.fits.bz2"
        path.write_bytes(bz2.compress(header.tostring().encode()) + 11 * piece)
    (folder / "targets.csv").write_text("galaxy_id,ra,dec\nbad,150.0,20.0\n")
    places = [str(folder / name) for name in ("targets.csv", "sample")]
    return ["fetch", "sdss", *places, "--frames", str(mirror)]


def positions(folder: Path, good: Path) -> list[str]:
    """3,000 positions in one galaxy."""
    (folder / "sample").mkdir()
    (folder / "sample" / "bad.fits").write_bytes(good.read_bytes())
    xy = np.random.default_rng(0).uniform(10, 60, (3000, 2))
    rows = [f"bad,{x:.3f},{y:.3f}" for x, y in xy]
    (folder / "in.csv").write_text("\n".join(["galaxy_id,x,y", *rows]))
    places = [str(folder / name) for name in ("sample", "in.csv", "out.parquet")]
    return ["measure", places[0], "--positions", places[1], "--out", places[2]]


def boxes(folder: Path, good: Path) -> list[str]:
    """50,000 detections in one galaxy of a run."""
    (folder / "sample").mkdir()
    (folder / "sample" / "bad.fits").write_bytes(good.read_bytes())
    run(folder / "sample", folder / "run", Recipe())
    detections = read_parquet(folder / "run" / "detections.parquet")
    many = detections[np.zeros(50_000, dtype=int)]
    low = np.random.default_rng(0).uniform(0, 0.9, (50_000, 2))
    for name, values in zip(CORNERS, np.hstack([low, low + 0.05]).T, strict=True):
        many[name] = values
    write_parquet(many, folder / "run" / "detections.parquet")
    return ["refine", str(folder / "run")]


def model(*edits: tuple[str, ...], weights: float | None = None) -> Case:
    """`run` with our model, some values of its spec or one of its weights changed."""

    def case(folder: Path, good: Path) -> list[str]:
        (folder / "sample").mkdir()
        (folder / "sample" / "good.fits").write_bytes(good.read_bytes())
        ours = find_model(None)
        spec = json.loads(read_spec(ours).model_dump_json())
        for *path, last, value in edits:
            place = spec
            for key in path:
                place = place[key]
            place[last] = value
        tensors = load_file(ours)
        if weights is not None:
            real = next(one for one in tensors.values() if one.is_floating_point())
            real.view(-1)[0] = weights
        save_file(tensors, folder / "bad.safetensors", {KEY: json.dumps(spec)})
        places = [str(folder / name) for name in ("sample", "run", "bad.safetensors")]
        return ["run", places[0], "--out", places[1], "--model", places[2], "--workers", "1"]

    return case


def checkpoint(folder: Path, good: Path) -> list[str]:  # noqa: ARG001
    """A .pth file of 10 MB that unpacks to 10 GB."""
    path = folder / "bad.pth"
    torch.save({"a": torch.zeros(3)}, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        for number in range(10):
            file.writestr(f"archive/data/{number + 5}", GB)
    return ["models", "import", str(path), "--as", "bad", "--out", str(folder / "m.safetensors")]


def export(folder: Path, looks: int, marks: int, about: dict[str, object]) -> list[str]:
    """`consensus` on an export of one image."""
    rng = np.random.default_rng(0)

    def look(user: int) -> Classification:
        points = [(float(x), float(y), 0, "normal") for x, y in rng.uniform(10, 390, (marks, 2))]
        return Classification(1, {"galaxy_id": "bad", **about}, (400, 400), f"v_{user}", points)

    write_export(folder / "export.csv", [look(user) for user in range(looks)])
    return ["consensus", str(folder / "export.csv"), "--out", str(folder / "labels")]


def marks(folder: Path, good: Path) -> list[str]:  # noqa: ARG001
    """20 volunteers, 200 marks each, on one image."""
    return export(folder, 20, 200, {})


def shown(folder: Path, good: Path) -> list[str]:  # noqa: ARG001
    """20,000 boxes shown with one image."""
    low = np.random.default_rng(0).uniform(0, 380, (20_000, 2))
    rows = np.hstack([low, low + 16, np.zeros((20_000, 1))]).tolist()
    return export(folder, 1, 3, {"#boxes": json.dumps(rows)})


def recipe(folder: Path, good: Path) -> list[str]:  # noqa: ARG001
    """A recipe without an end."""
    (folder / "bad.toml").symlink_to("/dev/zero")
    return ["recipe", "check", str(folder / "bad.toml")]


CASES: dict[str, Case] = {
    "pixels at the limit": large(3000),
    "psf at the limit": of_run(wide_psf),
    "pipe": of_run(pipe),
    "endless": of_run(endless),
    "gzip bomb": of_run(gzip_bomb),
    "psf of 3000 arcsec": edited(PSFFWHM=3000.0),
    "degrees as arcsec": edited(CUNIT1="arcsec", CUNIT2="arcsec"),
    "10000 x 10000 px": large(10_000),
    "png of 400 Mpx": of_run(picture),
    "tiles of 225 Mpx": of_run(tiles),
    "third axis": edited(WCSAXES=3, CTYPE3="FREQ"),
    "PSFFWHM = T": edited(PSFFWHM=True),
    "host at dec 95": of_run(host),
    "bz2 bomb": frames,
    "3000 positions": positions,
    "50000 boxes": boxes,
    "crop 8000": model(("composite", "crop", 8000), ("composite", "size", 8000)),
    "giant encoder": model(("architecture", "encoder", "regnety_2560")),
    "NaN weights": model(weights=float("nan")),
    "checkpoint of 10 GB": checkpoint,
    "20 x 200 marks": marks,
    "20000 boxes shown": shown,
    "recipe without end": recipe,
}


def spent(command: list[str], folder: Path) -> tuple[int, float, float, str]:
    """Exit code, peak memory (GB), seconds and last words of a command."""

    def bounds() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))

    with (folder / "said").open("w+") as said:
        start = time.monotonic()
        process = subprocess.Popen(  # noqa: S603  (the command is ours)
            [sys.executable, "-m", "clumpscope", *command],
            stdout=said,
            stderr=said,
            preexec_fn=bounds,  # noqa: PLW1509  (there are no threads yet)
        )
        while time.monotonic() - start < MOST_SECONDS:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.05)
        else:
            process.kill()
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        said.seek(0)
        lines = [line.strip() for line in said if line.strip()] or [""]
    told = [line for line in lines if "bad" in line and "expected" in line] or lines
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1e6, seconds, told[0]


def main() -> None:
    """Print a line a case."""
    names = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "good", 1, Recipe(), 1)
        (good,) = Sample.open(folder / "good").paths
        print(f"{'case':22} exit  peak GB  seconds  first words")
        for case in names:
            place = folder / case.replace(" ", "_")
            place.mkdir()
            command = CASES[case](place, good)
            code, peak, seconds, told = spent(command, place)
            told = told.replace(str(place), "")
            print(f"{case:22} {code:4} {peak:8.2f} {seconds:8.1f}  {told[:150]}", flush=True)
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
