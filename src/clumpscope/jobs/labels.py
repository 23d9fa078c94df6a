"""`labels`: chooses, divides, and changes formats of labels on disk."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.grid import Grid
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.vetted import export, is_log, looks_of
from clumpscope.plot.labels import heat_map
from clumpscope.stages.labels.formats.authors import from_authors
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.registry import format_of
from clumpscope.stages.labels.select import Step, in_range, select
from clumpscope.stages.labels.split import split
from clumpscope.store.atomic import new_file, new_folder
from clumpscope.store.confined import inside
from clumpscope.store.labels import IMAGES_FILE, LABELS_FILE, read_any_labels, read_images
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table, write_parquet
from clumpscope.store.texts import read_json, read_texts, write_table, write_text


def select_labels(file: Path, out: Path, recipe: Recipe, hosts: Path | None = None) -> list[Step]:
    """Apply the cuts to labels; writes ``out`` with the labels, the counts and the heat-map.

    ``hosts`` is a sample, whose redshifts are then looked at. Of a consensus's folder the images
    go along, those of redshifts out of range apart: they tell a training who was looked at.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or no box is left.
    """
    labels = read_any_labels(file, from_authors)
    redshift = None
    if hosts is not None:
        sample = Sample.open(hosts)
        redshift = dict(zip(sample.ids, plain(sample.hosts, "redshift"), strict=True))
    chosen, steps = select(labels, recipe.labels, redshift)
    if not len(chosen):
        raise TableError(expected_got(file, "a box that passes every cut", "none"))
    new_folder(out)
    write_parquet(chosen, out / LABELS_FILE)
    images = read_images(file)
    if images is not None:
        near = in_range(images["galaxy_id"], recipe.labels, redshift)
        write_parquet(images[near], out / IMAGES_FILE)
    write_parquet(Table([asdict(step) for step in steps]), out / "steps.parquet")
    heat_map(labels, out / "heat_map.png", padding=recipe.labels.padding)
    RunManifest(
        command="labels select",
        recipe=recipe.model_dump(mode="json"),
        seed=recipe.seed,
        inputs={"labels": str(file.resolve())},
        counts={"boxes": len(chosen)},
    ).write(out)
    return steps


def split_labels(file: Path, out: Path, recipe: Recipe) -> QTable:
    """Draw the run-groups of labels into the table ``out``.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or there are too few galaxies.
    """
    new_file(out)
    groups = split(read_any_labels(file, from_authors), recipe.labels, recipe.seed)
    write_parquet(groups, out)
    return groups


def import_labels(file: Path, out: Path, form: str, recipe: Recipe, sample: Path | None) -> int:
    """Read labels of another format and write ours as the table ``out``; returns their number.

    Decisions of `clumpscope vet` may go to a new folder instead: it also tells which galaxies were
    looked through, so that a training takes only those for empty.

    Parameters
    ----------
    form
        Name of a format of the registry.
    sample
        Gives images' shapes, places on the sky and PSF widths.

    Raises
    ------
    StoreError, TableError
        If something cannot be read or written, or is not of that format.
    ImageError
        If an image that is needed cannot be read.
    """
    folder = form == "vet" and not out.suffix
    (new_folder if folder else new_file)(out)
    chosen = format_of(form)
    # Decisions are read from where they are made, too.
    content = export(file) if form == "vet" and is_log(file) else _content(file, chosen)
    labels = chosen.read(content, _images(sample, recipe), file)
    if not len(labels):
        raise TableError(expected_got(file, "at least one label", "none"))
    if folder:
        seen = looks_of(content, file)
        images = QTable({"galaxy_id": list(seen), "n_looks": list(seen.values())})
        write_parquet(images, out / IMAGES_FILE)
    write_parquet(labels, out / LABELS_FILE if folder else out)
    return len(labels)


def export_labels(file: Path, out: Path, form: str, recipe: Recipe, sample: Path | None) -> int:
    """Write labels in another format: a file, or a folder of one file a galaxy.

    Parameters and errors are as of `import_labels`.
    """
    labels, chosen = read_any_labels(file, from_authors), format_of(form)
    if chosen.content in ("json", "table"):
        new_file(out)
    else:
        new_folder(out)
    content = chosen.write(labels, _images(sample, recipe))
    if chosen.content == "json":
        write_text(out, json.dumps(content, indent=1) + "\n")
    elif chosen.content == "table":
        write_table(content, out)
    else:
        files = {f"{galaxy_id}{chosen.suffix}": text for galaxy_id, text in content.items()}
        for name, text in (files | dict(chosen.extra)).items():
            write_text(inside(out, name), text)
    return len(labels)


def _content(file: Path, form: Format) -> Any:  # noqa: ANN401 (as the format has it)
    if form.content == "json":
        return read_json(file)
    if form.content == "table":
        return read_user_table(file)
    return read_texts(file, form.suffix, form.extra)


def _images(folder: Path | None, recipe: Recipe) -> Images:
    """What formats may ask of the images of a sample, read when they do."""
    side = recipe.labels.image_size_px
    if folder is None:
        return Images(None, side)
    sample = Sample.open(folder)
    index = {galaxy_id: k for k, galaxy_id in enumerate(sample.ids)}

    def grid(galaxy_id: str) -> Grid | None:
        found = index.get(galaxy_id)
        return None if found is None else sample.grid(found, recipe.sample, recipe.limits)

    return Images(grid, side)
