"""A run on many galaxies, whose images are links to a few files."""

import os

import numpy as np

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import DETECTIONS, FAILURES, HOSTS, galaxies_in, record_table
from clumpscope.store.images import write_galaxy
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet

SHAPE = (100, 120)
PER_GALAXY = 3
LINKS = 10_000  # of a file: file systems bound them


def many(folder, galaxies, seed=1):
    """A run, and its sample beside it, with three clumps in each galaxy; the run's folder."""
    sample, run = folder / "sample", Run(folder / "run")
    (sample / "images").mkdir(parents=True)
    run.folder.mkdir()
    xy = [(40.0, 30.0), (80.0, 70.0), (60.0, 50.0)]
    wcs = scenes.make_wcs(SHAPE, rotation_deg=25)
    image = scenes.galaxy("one", SHAPE, xy, 40.0, host_flux=50, fwhm_arcsec=1.3, wcs=wcs)
    ids = [f"J{k:06d}" for k in range(galaxies)]
    for k, name in enumerate(ids):
        one = folder / f"{k // LINKS}.fits"
        if k % LINKS == 0:
            write_galaxy(one, image)
        os.link(one, sample / "images" / f"{name}.fits")
    rng = np.random.default_rng(seed)
    hosts = {"galaxy_id": ids, "redshift": rng.uniform(0.02, 0.2, galaxies)}
    write_parquet(record_table(HOSTS, hosts), sample / "hosts.parquet")
    given = _clumps(ids, np.tile(xy, (galaxies, 1)), rng)
    run.write("catalogue", clump_table("release", given))
    names = clump_table("positions", {}).colnames
    run.write("positions", clump_table("positions", {n: v for n, v in given.items() if n in names}))
    told = {"galaxy_id": ids, "status": ["ok"] * galaxies}
    run.write("galaxies", record_table(galaxies_in(), told))
    write_parquet(record_table(DETECTIONS, {}), run.folder / "detections.parquet")
    run.write("failures", record_table(FAILURES, {}))
    RunManifest(
        command="run",
        recipe=Recipe().model_dump(mode="json"),
        inputs={"sample": str(sample)},
        model={"name": "toy", "score_threshold": 0.3},
    ).write(run.folder)
    return run.folder


def _clumps(ids, xy, rng):
    n = len(xy)
    x, y = xy.T
    flux = {f"clump_flux_{band}": rng.uniform(1e-6, 9e-6, n) for band in "ugriz"}
    return {
        "galaxy_id": np.repeat(ids, PER_GALAXY),
        "clump_id": np.tile(np.arange(1, PER_GALAXY + 1), len(ids)),
        "clump_label_id": rng.integers(1, 3, n),
        "clump_score": rng.uniform(0.3, 1, n),
        "p_real": rng.uniform(0, 1, n),
        "clump_centre_px_x": x,
        "clump_centre_px_y": y,
        "clump_px_x1": x - 6,
        "clump_px_x2": x + 6,
        "clump_px_y1": y - 5,
        "clump_px_y2": y + 5,
        "quality": rng.integers(0, 3, n),
        "flags": np.where(rng.random(n) < 0.2, 1 << 15, 0),
        "clump_flux_ratio": rng.uniform(0.01, 0.2, n),
        "clump_mag_corr_g_r": rng.normal(0.2, 0.3, n),
        **flux,
        **{name.replace("flux_", "flux_err_"): values / 10 for name, values in flux.items()},
    }
