"""`labels`: chooses, divides, and changes formats of labels on disk."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction, native_to_sky, sky_to_native
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import ClumpscopeError, FolderError, TableError, expected_got
from clumpscope.plot.labels import heat_map
from clumpscope.stages.labels.formats import adams, authors, coco, ds9, yolo
from clumpscope.stages.labels.formats.common import CORNERS, Size
from clumpscope.stages.labels.select import Step, select
from clumpscope.stages.labels.split import split
from clumpscope.store.atomic import new_folder
from clumpscope.store.labels import LABELS_FILE, read_any_labels
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table, write_parquet
from clumpscope.store.texts import read_json, read_texts, write_table, write_text

Format = Literal["coco", "authors", "adams", "ds9", "yolo"]


def select_labels(file: Path, out: Path, recipe: Recipe, hosts: Path | None = None) -> list[Step]:
    """Apply the cuts to labels; writes ``out`` with the labels, the counts and the heat-map.

    ``hosts`` is a sample, whose redshifts are then looked at.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or no box is left.
    """
    labels = read_any_labels(file, authors.from_authors)
    redshift = None
    if hosts is not None:
        sample = Sample.open(hosts)
        redshift = dict(zip(sample.ids, plain(sample.hosts, "redshift"), strict=True))
    chosen, steps = select(labels, recipe.labels, redshift)
    if not len(chosen):
        raise TableError(expected_got(file, "a box that passes every cut", "none"))
    new_folder(out)
    write_parquet(chosen, out / LABELS_FILE)
    write_parquet(Table([asdict(step) for step in steps]), out / "steps.parquet")
    heat_map(labels, out / "heat_map.png", padding=recipe.labels.padding)
    _manifest("labels select", file, out, recipe, len(chosen))
    return steps


def split_labels(file: Path, out: Path, recipe: Recipe) -> QTable:
    """Draw the run-groups of labels into the table ``out``.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or there are too few galaxies.
    """
    _check_new(out)
    groups = split(read_any_labels(file, authors.from_authors), recipe.labels, recipe.seed)
    write_parquet(groups, out)
    return groups


def import_labels(file: Path, out: Path, form: Format, recipe: Recipe, sample: Path | None) -> int:
    """Read labels of another format and write ours as the table ``out``; returns their number.

    ``sample`` gives the sizes of images, and where positions are on the sky, their WCS.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or is not of that format.
    """
    _check_new(out)
    opened = None if sample is None else Sample.open(sample)
    size = (recipe.labels.image_size_px,) * 2
    if form == "coco":
        labels = coco.from_coco(read_json(file), file)
    elif form == "authors":
        labels = authors.from_authors(read_user_table(file), file)
    elif form == "adams":
        labels = adams.from_adams(read_user_table(file), file)
        if opened is not None:
            labels = _boxed(labels, opened, recipe)
    else:
        texts = read_texts(file, ".reg" if form == "ds9" else ".txt")
        sizes = {} if opened is None else _sizes(opened, texts, recipe)
        labels = ds9.from_ds9(texts, sizes, size) if form == "ds9" else yolo.from_yolo(texts)
    if not len(labels):
        raise TableError(expected_got(file, "at least one label", "none"))
    write_parquet(labels, out)
    return len(labels)


def export_labels(file: Path, out: Path, form: Format, recipe: Recipe, sample: Path | None) -> int:
    """Write labels in another format: a file, or a folder of one file a galaxy.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or the format holds what the labels lack.
    """
    _check_new(out)
    labels = read_any_labels(file, authors.from_authors)
    opened = None if sample is None else Sample.open(sample)
    size = (recipe.labels.image_size_px,) * 2
    ids = list(rows_by_id(labels))
    sizes = {} if opened is None else _sizes(opened, ids, recipe)
    if form == "coco":
        text = json.dumps(coco.to_coco(labels, sizes, size), indent=1)
        write_text(out, text + "\n")
    elif form in ("authors", "adams"):
        if form == "adams":
            labels = labels if opened is None else _placed(labels, opened, recipe)
            if not np.isfinite(plain(labels, "ra")).all():
                raise TableError(
                    expected_got(file, "ra and dec of every label, or --sample", "NaN")
                )
        write_table(
            authors.to_authors(labels) if form == "authors" else adams.to_adams(labels), out
        )
    else:
        new_folder(out)
        texts = ds9.to_ds9(labels, sizes, size) if form == "ds9" else yolo.to_yolo(labels)
        for name, text in texts.items():
            write_text(out / f"{name}{'.reg' if form == 'ds9' else '.txt'}", text)
        if form == "yolo":
            write_text(out / "classes.txt", yolo.CLASSES)
    return len(labels)


def _manifest(command: str, file: Path, out: Path, recipe: Recipe, boxes: int) -> None:
    RunManifest(
        command=command,
        recipe=recipe.model_dump(mode="json"),
        seed=recipe.seed,
        inputs={"labels": str(file.resolve())},
        counts={"boxes": boxes},
    ).write(out)


def _check_new(out: Path) -> None:
    if out.is_file():
        raise FolderError(expected_got(out, "a new file", "one that exists"))


def _sizes(
    sample: Sample, ids: Mapping[str, object] | list[str], recipe: Recipe
) -> dict[str, Size]:
    """Width and height of the images of some galaxies."""
    index = {name: k for k, name in enumerate(sample.ids)}
    sizes = {}
    for name in ids:
        if name in index:
            ny, nx = sample.read(index[name], recipe.sample).shape
            sizes[name] = (nx, ny)
    return sizes


def _by_image(
    labels: QTable,
    sample: Sample,
    recipe: Recipe,
    change: Callable[[GalaxyImage, Any], None],
) -> None:
    """Call ``change(image, rows)`` for every galaxy that has an image with a WCS."""
    index = {name: k for k, name in enumerate(sample.ids)}
    for name, rows in rows_by_id(labels).items():
        if name not in index:
            continue
        try:
            image = sample.read(index[name], recipe.sample)
        except ClumpscopeError:
            continue
        if isinstance(image, GalaxyImage) and image.wcs is not None:
            change(image, rows)


def _boxed(labels: QTable, sample: Sample, recipe: Recipe) -> QTable:
    """Labels on the sky with boxes of two PSF-FWHM."""
    labels = labels.copy()

    def box(image: GalaxyImage, rows: Any) -> None:  # noqa: ANN401
        radec = np.column_stack([plain(labels, "ra")[rows], plain(labels, "dec")[rows]])
        xy = sky_to_native(radec, image.wcs)
        half = next(iter(image.bands.values())).psf_fwhm_arcsec / image.pixscale_arcsec
        if "r" in image.bands:
            half = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
        corners = boxes_native_to_fraction(np.hstack([xy - half, xy + half]), image.shape)
        for name, values in zip(CORNERS, corners.T, strict=True):
            labels[name][rows] = values

    _by_image(labels, sample, recipe, box)
    return labels


def _placed(labels: QTable, sample: Sample, recipe: Recipe) -> QTable:
    """Labels with ``ra`` and ``dec`` of their boxes' centres."""
    labels = labels.copy()
    corners = np.column_stack([plain(labels, name) for name in CORNERS])
    ra, dec = plain(labels, "ra").copy(), plain(labels, "dec").copy()

    def place(image: GalaxyImage, rows: Any) -> None:  # noqa: ANN401
        ny, nx = image.shape
        centre = (corners[rows, :2] + corners[rows, 2:]) / 2 * [nx, ny] - 0.5
        ra[rows], dec[rows] = native_to_sky(centre, image.wcs).T

    _by_image(labels, sample, recipe, place)
    labels["ra"], labels["dec"] = ra * labels["ra"].unit, dec * labels["dec"].unit
    return labels
