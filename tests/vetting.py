"""A small run to vet, made without a detector, and clients that ask its page."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np
from starlette.testclient import TestClient

import labelled
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import DETECTIONS, FAILURES, galaxies_in, record_table
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet
from clumpscope.vet.app import create_app
from clumpscope.vet.desk import Desk
from clumpscope.vet.guard import Guard

TOKEN = "a-token"  # noqa: S105
ORIGIN = "http://127.0.0.1"


def columns(shift: float = 0.0, leave_out: int = 0) -> dict[str, list]:
    """Clumps of `labelled`, their boxes moved by so many pixels, the first ones left out."""
    given = labelled.points()
    rows = {name: values[leave_out:] for name, values in given.items()}
    x, y, half = (np.array(rows[name]) for name in ("x", "y", "fwhm_px"))
    x = x + shift
    n = len(x)
    numbers = {}
    clump_id = [numbers.setdefault(g, []).append(1) or len(numbers[g]) for g in rows["galaxy_id"]]
    flux = {f"clump_flux_{band}": 1e-6 * (1 + np.arange(n)) for band in "ugriz"}
    return {
        "galaxy_id": rows["galaxy_id"],
        "clump_id": clump_id,
        "clump_label_id": rows["label"],
        "clump_score": np.linspace(0.3, 0.95, n),
        "p_real": np.linspace(0.9, 0.2, n),
        "clump_centre_px_x": x,
        "clump_centre_px_y": y,
        "clump_px_x1": x - half,
        "clump_px_x2": x + half,
        "clump_px_y1": y - half,
        "clump_px_y2": y + half,
        "quality": np.arange(n) % 3,
        "flags": np.where(np.arange(n) % 2, 1 << 15, 0),
        "clump_flux_ratio": np.linspace(0.01, 0.2, n),
        "clump_mag_corr_g_r": np.linspace(-0.2, 0.8, n),
        **flux,
        **{name.replace("flux_", "flux_err_"): values / 10 for name, values in flux.items()},
    }


def write_run(folder: Path, sample: Path, shift: float = 0.0, leave_out: int = 0) -> Path:
    """Write a run's tables, or write them anew."""
    folder.mkdir(parents=True, exist_ok=True)
    run, given = Run(folder), columns(shift, leave_out)
    run.write("catalogue", clump_table("release", given))
    names = set(clump_table("positions", {}).colnames)
    places = {name: values for name, values in given.items() if name in names}
    run.write("positions", clump_table("positions", places))
    ids = list(labelled.SHAPES)
    told = {"galaxy_id": ids, "status": ["ok"] * 3, "pixscale_arcsec": [0.396] * 3}
    told["field_arcsec"] = [0.396 * max(shape) for shape in labelled.SHAPES.values()]
    run.write("galaxies", record_table(galaxies_in(), told))
    write_parquet(record_table(DETECTIONS, {}), folder / "detections.parquet")
    run.write("failures", record_table(FAILURES, {}))
    RunManifest(
        command="run",
        recipe=Recipe().model_dump(mode="json"),
        inputs={"sample": str(sample)},
        model={"name": "toy", "score_threshold": 0.3},
    ).write(folder)
    return folder


def made(folder: Path) -> Path:
    """A run and its sample in a folder."""
    return write_run(folder / "run", labelled.sample(folder / "sample"))


@contextmanager
def client(
    run: Path, vetter: str = "ann", *, enter: bool = True, **options
) -> Iterator[TestClient]:
    """A client of the page over a run."""
    desk = Desk(run, **options)
    with TestClient(
        create_app(desk, Guard(TOKEN, vetter)), base_url=ORIGIN, raise_server_exceptions=False
    ) as one:
        if enter:
            assert one.get(f"/?token={TOKEN}", follow_redirects=False).status_code == 303
        yield one


def decide(one, galaxy: str, action: str, box: str | None = None, value=None, **more):
    """Post a decision."""
    body = {"galaxy": galaxy, "action": action, "box": box, "value": value}
    return one.post("/api/decisions", json=body | {"request": str(uuid4())} | more)


def boxes(one, galaxy: str) -> dict[str, dict]:
    """Boxes of a galaxy by key."""
    return {box["key"]: box for box in one.get(f"/api/galaxies/{galaxy}").json()["boxes"]}


@contextmanager
def server(run: Path, *more: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The real command in a process of its own, and its address with the token."""
    command = [sys.executable, "-m", "clumpscope", "vet", str(run)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--no-browser", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]+", line), (
            line,
            process.poll() is not None and process.stderr.read(),
        )
        yield process, line
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@contextmanager
def entered(address: str, name: str = "ann") -> Iterator[httpx.Client]:
    """A client of a real server that has come in."""
    base = address.partition("/?")[0]
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as one:
        assert one.get(f"{address}&as={name}").status_code == 303
        yield one
