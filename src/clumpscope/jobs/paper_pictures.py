"""Galaxies with boxes for Figures 5 to 7, 13, 19 and 27 to 29."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.box_tables import boxes_by_galaxy, corners_of
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.jobs.results import LABELS, Found
from clumpscope.ops.in_colour import in_colour
from clumpscope.ops.outline import outline_of
from clumpscope.plot.paper.pictures import Picture
from clumpscope.plot.paper.style import grid
from clumpscope.stages.catalogue.places import kpc_per_arcsec
from clumpscope.stages.refine import Steps, steps_of
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

Drawn = tuple[list[list[Picture]], Table]
Titled = tuple[str, Boxes]

_LOOKED = 20  # galaxies from which those that show a step best are taken


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


def refinement(found: Found, number: int) -> Drawn:
    """Figures 5, 6 and 7: galaxies before and after one step of the refinement.

    Of the test galaxies with most labels, those of which the step takes most.

    Raises
    ------
    TableError
        If no model has a run that can be drawn.
    """
    rows = sorted(_refined(found)[number], key=lambda row: len(row[1].boxes) - len(row[0].boxes))
    shown = rows[: found.recipe.experiment.examples]
    return shown, _table(shown)


@lru_cache(maxsize=1)  # the three figures are of the same galaxies
def _refined(found: Found) -> dict[int, list[list[Picture]]]:
    """Before and after each step, of all galaxies that are looked at, by the figure's number."""
    recipe = found.recipe
    there = [name for name in found.models if _cell(found, name) in found.results]
    run = found.run(_cell(found, (there or [*found.models])[-1]))
    ids, sight = examples(found, _LOOKED), Sight.of(found.sample(), recipe)
    detected = boxes_by_galaxy(_of(run.read("detections"), ids))
    rows: dict[int, list[list[Picture]]] = {number: [] for number in _SHOWN}
    for galaxy_id in ids:
        image = sight.image(galaxy_id)
        boxes, limit = detected.get(galaxy_id, Boxes.empty()), recipe.experiment.score_threshold
        outline = outline_of(image, recipe.refine)
        taken = steps_of(image, boxes, recipe.refine, limit, outline)
        plain_picture = sight.picture(image, "", Boxes.empty())
        for number, shown in _SHOWN.items():
            region = taken.region if number == 7 else None
            rows[number].append(
                [
                    replace(plain_picture, title=title, boxes=some, outline=region)
                    for title, some in shown(taken)
                ]
            )
    return rows


_SHOWN: Mapping[int, Callable[[Steps], tuple[Titled, Titled]]] = {
    5: lambda one: (
        ("all detections", one.detected),
        ("after non-maximum suppression", one.single),
    ),
    6: lambda one: (("candidates", one.candidates), ("merged", one.joined)),
    7: lambda one: (("all candidates", one.joined), ("inside the outline", one.joined[one.kept])),
}


def models_on_examples(found: Found) -> Drawn:
    """Figure 13: labels and the detections of each model.

    Raises
    ------
    TableError
        If no model has a run.
    """
    clumps = {name: _by_galaxy(table, name) for name, table in found.catalogues().items()}
    sight, rows = Sight.of(found.sample(), found.recipe), []
    for galaxy_id in examples(found, found.recipe.experiment.examples):
        image = sight.image(galaxy_id)
        pictures = [
            sight.picture(image, name, boxes.get(galaxy_id, Boxes.empty()))
            for name, boxes in clumps.items()
        ]
        columns = grid(len(pictures))[1]
        rows += [pictures[k : k + columns] for k in range(0, len(pictures), columns)]
    return rows, _table(rows)


def in_both_surveys(found: Found, models: Sequence[str], skip: int, count: int) -> Drawn:
    """Figures 19 and 27 to 29: labels, and detections in the sample and in deeper images.

    Raises
    ------
    TableError
        If there are no deeper images, or no galaxy of them that is left to draw.
    """
    recipe = found.recipe
    runs = {model: found.run(f"{model}-{found.last:02d}-hsc") for model in models}
    deep = next(iter(runs.values())).sample()
    near, far = Sight.of(found.sample(), recipe), Sight.of(deep, recipe)
    shallow = {name: _by_galaxy(table, name) for name, table in found.catalogues().items()}
    deeper = {model: _by_galaxy(_kept(run, recipe), model) for model, run in runs.items()}
    there = [name for name in deep.ids if name in near.index]
    most = {name: len(shallow[LABELS].get(name, ())) for name in there}
    names = sorted(there, key=lambda name: (-most[name], name))[skip : skip + count]
    if not names:
        raise TableError(expected_got("galaxies in both surveys", f"more than {skip}", len(there)))
    none, rows = Boxes.empty(), []
    for galaxy_id in names:
        image, other = near.image(galaxy_id), far.image(galaxy_id)
        row = [near.picture(image, "labels", shallow[LABELS].get(galaxy_id, none))]
        for model in models:
            row.append(near.picture(image, model, shallow[model].get(galaxy_id, none)))
            found_there = deeper[model].get(galaxy_id, none)
            row.append(far.picture(other, f"{model}, deeper", found_there))
        rows.append(row)
    return rows, _table(rows)


@dataclass(frozen=True, eq=False)
class Sight:
    """A sample's galaxies as they are drawn; ``index`` is the row of each."""

    sample: Sample
    recipe: Recipe
    index: Mapping[str, int]

    @classmethod
    def of(cls, sample: Sample, recipe: Recipe) -> "Sight":
        """Look at a sample by a recipe."""
        return cls(sample, recipe, {name: k for k, name in enumerate(sample.ids)})

    def image(self, galaxy_id: str) -> AnyImage:
        """A galaxy's image."""
        return self.sample.read_starred(
            self.index[galaxy_id], self.recipe.sample, self.recipe.limits
        )

    def picture(
        self,
        image: AnyImage,
        title: str,
        boxes: Boxes,
    ) -> Picture:
        """A picture of a galaxy with boxes in native pixels."""
        if isinstance(image, ColourImage):
            rgb, wcs, known = image.pixels, None, not image.pixscale_assumed
        else:
            rgb, wcs, known = in_colour(image, self.recipe.composite), image.wcs, True
        redshift = self.sample.host(self.index[image.galaxy_id], "redshift")
        return Picture(
            image.galaxy_id,
            title,
            rgb,
            boxes,
            wcs,
            image.pixscale_arcsec if known else np.nan,
            float(kpc_per_arcsec(np.array([redshift]))[0]),
        )


def _cell(found: Found, model: str) -> str:
    return f"{model}-{found.last:02d}-all"


def _kept(run: Run, recipe: Recipe) -> QTable:
    table = run.read("catalogue")
    return table[plain(table, "clump_score") >= recipe.experiment.score_threshold]


def _of(table: QTable, ids: Sequence[str]) -> QTable:
    """Rows of some galaxies."""
    return table[np.isin(np.asarray(table["galaxy_id"]).astype(str), ids)]


def _by_galaxy(clumps: QTable, name: str) -> dict[str, Boxes]:
    """Boxes of each galaxy's clumps in native pixels; those of labels have no score."""
    box, label = corners_of(clumps, "clump_px_"), plain(clumps, "clump_label_id")
    score = np.full(len(clumps), np.nan) if name == LABELS else plain(clumps, "clump_score")
    unknown = np.full((len(clumps), len(Label)), np.nan)
    return {
        galaxy_id: Boxes.of(box[rows], label[rows], score[rows], unknown[rows])
        for galaxy_id, rows in rows_by_id(clumps).items()
    }


def _table(rows: Sequence[Sequence[Picture]]) -> Table:
    lines = [
        (one.galaxy_id, one.title, int(label), float(score), *map(float, box))
        for row in rows
        for one in row
        for box, label, score in zip(
            one.boxes.xyxy, one.boxes.labels, one.boxes.scores, strict=True
        )
    ]
    names = ("galaxy_id", "of", "label", "score", "x1_px", "y1_px", "x2_px", "y2_px")
    return Table(rows=lines or None, names=names, dtype=["U64", "U64", "i8", *["f8"] * 5])
