"""Commands for labels: volunteers' consensus, cuts, groups, formats."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clumpscope.cli.common import (
    Dask,
    OutFolder,
    RecipeFile,
    Resume,
    Seed,
    Workers,
    app,
    console,
    errors,
    hands,
    labels_app,
    progress_bar,
    recipe_of,
    resumable,
)
from clumpscope.core.corrections import Shown
from clumpscope.stages.labels.formats.registry import FORMATS

_TOLD = 10  # unknown tools on the terminal
_ZOONIVERSE = {"zooniverse": "pictures and boxes for volunteers to correct; needs --sample"}
_MARKS = {"caesar": "of Zooniverse's export of those subjects: marks that volunteers begin with"}


@app.command()
def consensus(
    export: Annotated[Path, typer.Argument(help="a Panoptes classification export, CSV or CSV.gz")],
    out: OutFolder,
    state: Annotated[
        Path | None, typer.Option("--state", help="state.parquet of an earlier consensus")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="the images, of which some are drawn")
    ] = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    *,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Turn volunteers' marks into boxes: labels, images, volunteers, faults, state."""
    from clumpscope.jobs.consensus import consensus as job

    settings = recipe_of(recipe)
    with (
        resumable(out),
        progress_bar("images, over all rounds", None) as progress,
        hands(workers, dask) as at_work,
    ):
        result = job(
            export,
            out,
            settings,
            state=state,
            sample=sample,
            resume=resume,
            workers=at_work,
            progress=progress,
        )
    console.print(
        f"{result.boxes} boxes, {result.odd} of them odd, in {result.images} images from "
        f"{result.marks} marks of {result.volunteers} volunteers in {result.seconds:.0f} s"
    )
    console.print(f"{result.finished} images are finished: see {out / 'images.parquet'}")
    if result.few_looks:
        errors.print(
            f"{result.few_looks:,} of {result.finished:,} finished images have fewer than "
            f"{settings.consensus.min_looks} looks: more of their boxes are false than their "
            "probabilities say; wait for more looks, or lower [consensus] openness"
        )
    for tool, marks in islice(result.unknown_tools.items(), _TOLD):
        errors.print(
            f"tool {tool!r} ({marks:,} {'mark' if marks == 1 else 'marks'}) is not in [consensus] "
            "tools: its marks were left out"
        )
    if len(result.unknown_tools) > _TOLD:
        errors.print(f"and {len(result.unknown_tools) - _TOLD:,} tools more: see manifest.json")
    if result.faults:
        errors.print(
            f"{result.faults} faults in {result.rows} rows, {result.used} of which were used: "
            f"see {out / 'faults.parquet'}"
        )


Labels = Annotated[
    Path, typer.Argument(help="labels.parquet, its folder, or the authors' table", metavar="LABELS")
]


def _format(choices: Mapping[str, str]) -> Any:  # noqa: ANN401 (as typer.Option)
    """The option that names a format."""

    def known(name: str) -> str:
        if name not in choices:
            raise typer.BadParameter(f"expected {', '.join(choices)}, got {name}")
        return name

    return typer.Option(
        "--format",
        metavar="FORMAT",
        help="\n\n".join(f"{name}: {what}." for name, what in choices.items()),
        callback=known,
        autocompletion=lambda: list(choices),
    )


LabelSample = Annotated[
    Path | None, typer.Option("--sample", help="gives images' sizes and places on the sky")
]


@labels_app.command("select")
def labels_select(
    labels: Labels,
    out: OutFolder,
    hosts: Annotated[
        Path | None, typer.Option("--hosts", help="a sample, for the cut in redshift")
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Leave out bulges, borders and what else the recipe says; counts of each cut."""
    from clumpscope.jobs.labels import select_labels

    table = Table("left after", "galaxies", "boxes", "normal", "odd", box=SIMPLE_HEAD)
    for step in select_labels(labels, out, recipe_of(recipe), hosts):
        counts = (step.galaxies, step.boxes, step.normal, step.odd)
        table.add_row(step.name, *(f"{n:,}" for n in counts))
    console.print(table)
    console.print(f"in {out}: labels.parquet, steps.parquet, heat_map.png")


@labels_app.command("split")
def labels_split(
    labels: Labels,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write")],
    groups: Annotated[
        int | None,
        typer.Option("--groups", min=1, help="1: one plain split; default: the recipe's"),
    ] = None,
    recipe: RecipeFile = None,
    seed: Seed = None,
) -> None:
    """Draw run-groups of growing size, each divided into train, validation and test."""
    from clumpscope.jobs.labels import split_labels

    settings = recipe_of(recipe, seed)
    if groups is not None:
        chosen = settings.labels.model_copy(update={"groups": groups})
        settings = settings.model_copy(update={"labels": chosen})
    found = split_labels(labels, out, settings)
    table = Table("group", "train", "validation", "test", "total", box=SIMPLE_HEAD)
    for number in sorted(set(found["group"].tolist())):
        parts = found["split"][found["group"] == number].tolist()
        sizes = [parts.count(name) for name in ("train", "validation", "test")]
        table.add_row(str(number), *(f"{n:,}" for n in (*sizes, len(parts))))
    console.print(table)


@labels_app.command("import")
def labels_import(
    file: Annotated[Path, typer.Argument(help="a file, or a folder of one file a galaxy")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write; of vet, or a folder")],
    form: Annotated[str, _format(FORMATS)],
    sample: LabelSample = None,
    recipe: RecipeFile = None,
) -> None:
    """Read labels of another format."""
    from clumpscope.jobs.labels import import_labels

    console.print(f"{import_labels(file, out, form, recipe_of(recipe), sample)} labels in {out}")


@labels_app.command("export")
def labels_export(
    labels: Annotated[Path, typer.Argument(help="labels; a run, for zooniverse", metavar="LABELS")],
    out: Annotated[Path, typer.Option("--out", help="file, or folder, to write")],
    form: Annotated[str, _format(FORMATS | _ZOONIVERSE | _MARKS)],
    sample: LabelSample = None,
    boxes: Annotated[
        Shown,
        typer.Option("--boxes", help="of zooniverse: how volunteers see them"),
    ] = "shown",
    recipe: RecipeFile = None,
) -> None:
    """Write labels in another format, or a subject set whose boxes volunteers correct."""
    from clumpscope.jobs.labels import export_labels
    from clumpscope.jobs.machine_marks import machine_marks
    from clumpscope.jobs.subjects import subjects

    if form in _ZOONIVERSE:
        made = subjects(labels, out, recipe_of(recipe), sample, boxes)
        console.print(f"{made} subjects in {out / 'manifest.csv'}, boxes {boxes}")
        return
    if form in _MARKS:
        console.print(f"marks of {machine_marks(labels, out, recipe_of(recipe))} subjects in {out}")
        return
    console.print(f"{export_labels(labels, out, form, recipe_of(recipe), sample)} labels in {out}")
