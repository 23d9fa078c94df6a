"""Galaxies with boxes for Figures 5 to 7, 13, 19 and 27 to 29."""

from collections.abc import Sequence

import numpy as np
from astropy.table import QTable, Table
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import boxes_by_galaxy, corners_of
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.results import LABELS, Found
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.in_colour import in_colour
from clumpscope.ops.outline import grown, inside, outline_of
from clumpscope.ops.overlap import suppress
from clumpscope.plot.paper.pictures import Picture
from clumpscope.stages.refine.merge import merge
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

Drawn = tuple[list[list[Picture]], Table]


def examples(found: Found, count: int) -> list[str]:
    """Galaxies to draw: the test galaxies of the last group with most labels."""
    groups = found.groups()
    mine = (plain(groups, "group") == found.last) & (np.asarray(groups["split"]) == "test")
    ids = np.asarray(groups["galaxy_id"]).astype(str)[mine]
    labelled, number = np.unique(
        np.asarray(found.labels()["galaxy_id"]).astype(str), return_counts=True
    )
    labels = dict(zip(labelled.tolist(), number.tolist(), strict=True))
    return sorted(ids.tolist(), key=lambda name: (-labels.get(name, 0), name))[:count]


def steps(found: Found, number: int) -> Drawn:
    """Figures 5, 6 and 7: a galaxy before and after one step of the refinement.

    Raises
    ------
    TableError
        If no model has a run that can be drawn.
    """
    models = list(found.models)
    there = [name for name in models if _cell(found, name) in found.results]
    run, recipe = found.run(_cell(found, (there or models)[-1])), found.recipe
    rows = []
    for galaxy_id in examples(found, recipe.experiment.examples):
        image = _image(found.sample(), galaxy_id, recipe)
        detected = run.read("detections")
        detected = detected[np.asarray(detected["galaxy_id"]).astype(str) == galaxy_id]
        boxes = boxes_by_galaxy(detected).get(galaxy_id, Boxes.empty())
        native = boxes_fraction_to_native(boxes.xyxy, image.shape)
        raw = Boxes(native, boxes.labels, boxes.scores, boxes.probabilities)
        single = raw[suppress(raw, recipe.refine.nms_iou)]
        scored = single[single.scores >= recipe.experiment.score_threshold]
        joined = _joined(scored, psf_fwhm_px(image), recipe)
        outline = outline_of(image, recipe.refine)
        if outline.any() and recipe.refine.beyond_fwhm:
            outline = grown(outline, recipe.refine.beyond_fwhm * psf_fwhm_px(image))
        kept = joined[inside(outline, joined.centres)] if outline.any() else joined
        pairs = {
            5: (("all detections", raw), ("after non-maximum suppression", single)),
            6: (("candidates", scored), ("merged", joined)),
            7: (("all candidates", joined), ("inside the outline", kept)),
        }
        shown = outline if number == 7 else None
        rows.append([_picture(image, title, some, recipe, shown) for title, some in pairs[number]])
    return rows, _table(rows, examples(found, recipe.experiment.examples))


def models_on_examples(found: Found) -> Drawn:
    """Figure 13: labels and the detections of each model.

    Raises
    ------
    TableError
        If no model has a run.
    """
    clumps = found.catalogues()
    names = examples(found, found.recipe.experiment.examples)
    rows = []
    for galaxy_id in names:
        image = _image(found.sample(), galaxy_id, found.recipe)
        pictures = [
            _picture(image, name, _clumps(table, galaxy_id), found.recipe)
            for name, table in clumps.items()
        ]
        rows += [pictures[k : k + 3] for k in range(0, len(pictures), 3)]
    return rows, _table(rows, [name for name in names for _ in range(-(-len(clumps) // 3))])


def in_both_surveys(found: Found, models: Sequence[str], skip: int, count: int) -> Drawn:
    """Figures 19 and 27 to 29: labels, and detections in the sample and in deeper images.

    Raises
    ------
    TableError
        If there are no deeper images, or no galaxy of them that is left to draw.
    """
    cells = {model: f"{model}-{found.last:02d}-hsc" for model in models}
    runs = {model: found.run(cell) for model, cell in cells.items()}
    deep = next(iter(runs.values())).sample()
    shallow, sample = found.catalogues(), found.sample()
    there = [name for name in deep.ids if name in set(sample.ids)]
    counts = {name: (np.asarray(shallow[LABELS]["galaxy_id"]) == name).sum() for name in there}
    names = sorted(there, key=lambda name: (-counts[name], name))[skip : skip + count]
    if not names:
        raise TableError(expected_got("galaxies in both surveys", f"more than {skip}", len(there)))
    deeper = {model: _kept(run, found.recipe) for model, run in runs.items()}
    rows = []
    for galaxy_id in names:
        near = _image(sample, galaxy_id, found.recipe)
        far = _image(deep, galaxy_id, found.recipe)
        row = [_picture(near, "labels", _clumps(shallow[LABELS], galaxy_id), found.recipe)]
        for model in models:
            mine = _clumps(shallow[model], galaxy_id)
            row.append(_picture(near, model, mine, found.recipe))
            other = _clumps(deeper[model], galaxy_id)
            row.append(_picture(far, f"{model}, deeper", other, found.recipe))
        rows.append(row)
    return rows, _table(rows, names)


def _cell(found: Found, model: str) -> str:
    return f"{model}-{found.last:02d}-all"


def _kept(run: Run, recipe: Recipe) -> QTable:
    table = run.read("catalogue")
    return table[plain(table, "clump_score") >= recipe.experiment.score_threshold]


def _image(sample: Sample, galaxy_id: str, recipe: Recipe) -> AnyImage:
    return sample.read_starred(sample.index(galaxy_id), recipe.sample, recipe.limits)


def _joined(boxes: Boxes, fwhm: float, recipe: Recipe) -> Boxes:
    """Merged candidates, each the box of its best member about its own place."""
    merged = merge(boxes, fwhm, recipe.refine)
    sides = boxes.xyxy[merged.best][:, 2:] - boxes.xyxy[merged.best][:, :2]
    corners = np.hstack([merged.xy - sides / 2, merged.xy + sides / 2])
    return Boxes(corners, merged.label, merged.score, boxes.probabilities[merged.best])


def _clumps(table: QTable, galaxy_id: str) -> Boxes:
    mine = table[np.asarray(table["galaxy_id"]).astype(str) == galaxy_id]
    unknown = np.full((len(mine), len(Label)), np.nan)
    return Boxes.of(
        corners_of(mine, "clump_px_"),
        plain(mine, "clump_label_id").astype(np.int64),
        plain(mine, "clump_score"),
        unknown,
    )


def _picture(
    image: AnyImage,
    title: str,
    boxes: Boxes,
    recipe: Recipe,
    outline: NDArray[np.bool_] | None = None,
) -> Picture:
    picture = isinstance(image, ColourImage)
    rgb = in_colour(image, recipe.composite)
    if picture:  # rows of pictures run down
        rgb = rgb[::-1]
    box = boxes.xyxy.copy()
    if picture:
        box[:, [1, 3]] = image.shape[0] - 1 - box[:, [3, 1]]
    score = np.full(len(boxes), np.nan) if title == LABELS else boxes.scores
    shown = outline[::-1] if picture and outline is not None else outline
    return Picture(title, rgb, box, boxes.labels, score, shown, image.pixscale_arcsec)


def _table(rows: Sequence[Sequence[Picture]], ids: Sequence[str]) -> Table:
    lines = [
        (galaxy_id, one.title, int(label), float(score), *map(float, box))
        for galaxy_id, row in zip(ids, rows, strict=True)
        for one in row
        for box, label, score in zip(one.box, one.label, one.score, strict=True)
    ]
    names = ("galaxy_id", "of", "label", "score", "x1_px", "y1_px", "x2_px", "y2_px")
    return Table(rows=lines or None, names=names, dtype=["U64", "U64", "i8", *["f8"] * 5])
