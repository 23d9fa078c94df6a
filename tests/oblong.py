"""Samples whose cutouts are not square, so that swapped rows and columns show.

They are cut from samples of square ones; host table, truth and labels follow the cut.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.table import QTable, vstack

from clumpscope.config.run import SampleConfig
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.store.images import write_galaxy
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

# Shares of the columns cut off before and after, and of the rows, of each galaxy in turn: the
# host is off the middle, and the image sometimes wide and sometimes tall.
CUTS = ((0.03, 0.05, 0.18, 0.13), (0.20, 0.14, 0.02, 0.06), (0.0, 0.04, 0.11, 0.17))


def part(image: GalaxyImage, columns: slice, rows: slice) -> GalaxyImage:
    """A part of an image, whose pixels keep their places on the sky."""
    wcs = image.wcs.deepcopy()
    wcs.wcs.crpix = wcs.wcs.crpix - [columns.start, rows.start]
    wcs.wcs.set()
    planes = {}
    for band, plane in image.bands.items():
        cut = {name: getattr(plane, name)[rows, columns] for name in ("data", "variance", "mask")}
        planes[band] = replace(plane, wcs=wcs, **cut)
    return replace(image, bands=planes)


def cut_sample(source: Path, folder: Path, galaxies: int | None = None) -> None:
    """Write a sample of FITS images, or its first galaxies, anew, each cut as `CUTS` says."""
    sample = Sample.open(source)
    sample = sample.part(range(len(sample) if galaxies is None else galaxies))
    hosts, truths, boxes = sample.hosts.copy(), [], []
    for k, galaxy_id in enumerate(sample.ids):
        image = sample.read(k, SampleConfig())
        ny, nx = image.shape
        shares = np.array(CUTS[k % len(CUTS)])
        left, right, below, above = np.round(shares * [nx, nx, ny, ny]).astype(int)
        cut = part(image, slice(left, nx - right), slice(below, ny - above))
        write_galaxy(folder / "images" / f"{galaxy_id}.fits", cut)
        hosts["field_arcsec"][k] = max(cut.shape) * hosts["pixscale_arcsec"][k]
        hosts["ebv"][k] = 0.01 * (k + 1) * hosts["ebv"].unit  # simulated ones have none
        old, new, start = np.array([nx, ny]), np.array(cut.shape[::-1]), np.array([left, below])
        truths.append(_truth(_of(sample.truth(), galaxy_id), start, new))
        boxes.append(_labels(_of(sample.labels(), galaxy_id), old, start, new))
    write_parquet(hosts, folder / "hosts.parquet")
    write_parquet(vstack(truths), folder / "truth.parquet")
    write_parquet(vstack(boxes), folder / "labels.parquet")


def _of(table: QTable, galaxy_id: str) -> QTable:
    return table[np.asarray(table["galaxy_id"]) == galaxy_id]


def _truth(table: QTable, start: np.ndarray, size: np.ndarray) -> QTable:
    """Sources within the cut, in its pixels."""
    xy = np.column_stack([plain(table, axis) for axis in "xy"]) - start
    for axis, values in zip("xy", xy.T, strict=True):
        table[axis] = values * table[axis].unit
    return table[((xy > -0.5) & (xy < size - 0.5)).all(axis=1)]


def _labels(table: QTable, old: np.ndarray, start: np.ndarray, size: np.ndarray) -> QTable:
    """Boxes centred within the cut, as its fractions."""
    for axis, name in enumerate("xy"):
        for end in "12":
            edge = table[f"{name}{end}"] * old[axis] - start[axis]
            table[f"{name}{end}"] = edge / size[axis]
    centres = np.column_stack([(table[f"{n}1"] + table[f"{n}2"]) / 2 for n in "xy"])
    return table[((centres > 0) & (centres < 1)).all(axis=1)]
