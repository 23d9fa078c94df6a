"""Boxes as marks that volunteers begin with, for subjects that Zooniverse has numbered."""

import json
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.ops.csv_cells import write_csv
from clumpscope.stages.labels import machine_marks as stage
from clumpscope.store.atomic import atomic, new_file
from clumpscope.store.panoptes_subjects import editable_subjects


def machine_marks(file: Path, out: Path, recipe: Recipe) -> int:
    """Write the marks of subjects whose boxes are editable, as Zooniverse's pages load them.

    ``file`` is Zooniverse's export of the project's subjects, which has the numbers that it gave
    them and, in their metadata, our boxes; ``out`` a CSV for its aggregation service:
    ``extractor_key``, ``subject_id``, ``data``. Returns the number of subjects.

    Raises
    ------
    TableError
        If the export cannot be read, or has no such subject.
    RecipeError
        If the recipe's tools have no numbers.
    StoreError
        If ``out`` exists or cannot be written.
    """
    new_file(out)
    tools, tasks = recipe.consensus.tools, recipe.consensus.tasks
    found = editable_subjects(file, recipe.limits.marks)
    rows: list[list[object]] = [["extractor_key", "subject_id", "data"]]
    for number, boxes in found.items():
        marks = stage.machine_marks(boxes, tools, tasks)
        rows.append([stage.KEY, number, json.dumps(marks, separators=(",", ":"))])
    with atomic(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
        write_csv(text, rows)
    return len(found)
