"""Pictures and boxes for volunteers to correct: writes a Zooniverse subject set."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Label
from clumpscope.core.corrections import Shown
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import FolderError, expected_got
from clumpscope.ops.csv_cells import guarded
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.in_colour import in_colour
from clumpscope.plot.figures import COLOURS
from clumpscope.stages.labels.correction import Subject, manifest, subject
from clumpscope.store.atomic import atomic, new_folder
from clumpscope.store.confined import inside
from clumpscope.store.labels import read_labels
from clumpscope.store.run_tables import read_run_table
from clumpscope.store.sample import Sample


def subjects(
    file: Path, out: Path, recipe: Recipe, sample: Path | None, shown: Shown = "shown"
) -> int:
    """Write ``out`` with ``manifest.csv`` and a picture of each galaxy of the sample.

    ``file`` is a run, whose model's boxes are corrected, or labels; ``shown`` is how volunteers
    see them, see `clumpscope.core.corrections`. Rows run down the picture as they are
    stored in the image. A galaxy whose image cannot be used is left out. Returns the number of
    subjects.

    Raises
    ------
    StoreError, TableError
        If no sample is given, or something cannot be read or written.
    """
    if sample is None:
        raise FolderError(expected_got("--sample", "the sample with the images", "none"))
    opened = Sample.open(sample)
    of_run = (file / "positions.parquet").is_file()
    boxes = read_run_table(file, "positions") if of_run else read_labels(file)
    corners = corners_of(boxes, "clump_px_" if of_run else "")
    label = plain(boxes, "clump_label_id" if of_run else "label")
    rows = rows_by_id(boxes)
    new_folder(out)
    made: list[Subject] = []
    for index, galaxy_id in enumerate(opened.ids):
        try:
            image = opened.read(index, recipe.sample, recipe.limits)
            pixels = in_colour(image, recipe.composite)
            fwhm_px = psf_fwhm_px(image)
        except Exception:  # one bad galaxy stops nobody else
            continue
        mine = rows.get(galaxy_id, np.zeros(0, dtype=np.intp))
        places = corners[mine]
        if of_run:
            places = boxes_native_to_fraction(places, image.shape)
        one = subject(galaxy_id, places, label[mine], image.shape, fwhm_px)
        whole = Image.fromarray(np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8))
        picture = whole.resize(one.size_px, Image.Resampling.NEAREST)
        _write(picture, inside(out, picture_name(galaxy_id)))
        if shown == "shown":
            _write(_with_boxes(picture, one), inside(out, picture_name(galaxy_id, " boxes")))
        made.append(one)
    endings = ("", " boxes") if shown == "shown" else ("",)
    pictures = {
        one.galaxy_id: tuple(picture_name(one.galaxy_id, ending) for ending in endings)
        for one in made
    }
    with atomic(out / "manifest.csv") as temporary:
        text = manifest(made, pictures, recipe.consensus.box_side_key, shown)
        temporary.write_text(text, encoding="utf-8")
    return len(made)


def picture_name(galaxy_id: str, ending: str = "") -> str:
    """Name of a galaxy's picture; never one that a spreadsheet takes for a formula."""
    name = f"{galaxy_id}{ending}.png"
    return name if guarded(name) == name else f"id {name}"  # no id holds a blank


def _write(picture: Image.Image, path: Path) -> None:
    with atomic(path) as temporary:
        picture.save(temporary, format="PNG")


def _with_boxes(picture: Image.Image, one: Subject) -> Image.Image:
    """The picture with its boxes in the colours of their kinds."""
    drawn = picture.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    for *corners, kind in one.boxes:
        pen.rectangle([round(n) for n in corners], outline=COLOURS[Label(int(kind))])
    return drawn
