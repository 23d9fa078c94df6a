"""A small sample whose images are not square, each of another shape and turned another way.

Swapped axes, and one image's grid taken for another's, show in it.
"""

from pathlib import Path

import numpy as np
from astropy.table import QTable

import scenes
from clumpscope.core.frames import boxes_native_to_fraction, native_to_sky
from clumpscope.core.records import HOSTS, LABELS, record_table
from clumpscope.store.images import write_galaxy
from clumpscope.store.tables import write_parquet

SHAPES = {"a1": (48, 80), "b2": (76, 50), "c3": (60, 90)}
FWHM = {"a1": 1.1, "b2": 1.5, "c3": 1.3}
# x, y, label
CLUMPS = {
    "a1": [(55.0, 20.5, 1), (70.25, 9.0, 2)],
    "b2": [(12.5, 66.0, 2), (30.0, 31.0, 1), (41.0, 70.5, 1)],
    "c3": [(80.0, 44.0, 1)],
}


def wcs_of(name: str):
    """WCS of an image of the sample."""
    return scenes.make_wcs(SHAPES[name], rotation_deg=25 * (1 + list(SHAPES).index(name)))


def points() -> dict[str, list]:
    """Every clump: ``galaxy_id``, ``x``, ``y``, ``ra``, ``dec``, ``label``, ``fwhm_px``."""
    rows = []
    for name, clumps in CLUMPS.items():
        for x, y, label in clumps:
            ra, dec = native_to_sky([[x, y]], wcs_of(name))[0].tolist()
            rows.append((name, x, y, ra, dec, label, FWHM[name] / scenes.PIXSCALE))
    names = ("galaxy_id", "x", "y", "ra", "dec", "label", "fwhm_px")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def labels() -> QTable:
    """Boxes of two PSF-FWHM about every clump."""
    given = points()
    corners = []
    for name, x, y, fwhm in zip(
        *(given[k] for k in ("galaxy_id", "x", "y", "fwhm_px")), strict=True
    ):
        box = [x - fwhm, y - fwhm, x + fwhm, y + fwhm]
        corners.append(boxes_native_to_fraction(box, SHAPES[name])[0])
    columns = {key: given[key] for key in ("galaxy_id", "ra", "dec", "label")}
    columns |= dict(zip(("x1", "y1", "x2", "y2"), np.transpose(corners), strict=True))
    return record_table(LABELS, columns)


def sample(folder: Path) -> Path:
    """Write it: images, hosts and labels."""
    (folder / "images").mkdir(parents=True)
    for name, shape in SHAPES.items():
        xy = [clump[:2] for clump in CLUMPS[name]]
        image = scenes.galaxy(
            name, shape, xy, 40.0, host_flux=50, fwhm_arcsec=FWHM[name], wcs=wcs_of(name)
        )
        write_galaxy(folder / "images" / f"{name}.fits", image)
    hosts = {"galaxy_id": list(SHAPES), "redshift": [0.05, 0.06, 0.07]}
    write_parquet(record_table(HOSTS, hosts), folder / "hosts.parquet")
    write_parquet(labels(), folder / "labels.parquet")
    return folder
