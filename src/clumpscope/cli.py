"""The command line: the only place that prints and chooses exit codes."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

from clumpscope.config import Recipe, load_recipe
from clumpscope.errors import ClumpscopeError, TableError, expected_got

if TYPE_CHECKING:
    from clumpscope.evaluate import Evaluation
    from clumpscope.pipeline import Summary

app = typer.Typer(
    name="clumpscope",
    help="Find, measure and vet giant star-forming clumps in galaxy images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
fetch_app = typer.Typer(help="Cut galaxies out of a survey.", no_args_is_help=True)
models_app = typer.Typer(help="Published and own models.", no_args_is_help=True)
labels_app = typer.Typer(help="Choose, divide and convert labels.", no_args_is_help=True)
app.add_typer(fetch_app, name="fetch")
app.add_typer(labels_app, name="labels")
app.add_typer(models_app, name="models")

console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

Sample = Annotated[
    Path, typer.Argument(help="a sample, or a bare folder of images", metavar="SAMPLE")
]
RunFolder = Annotated[Path, typer.Argument(help="a run's folder", metavar="RUN")]
RecipeFile = Annotated[
    Path | None, typer.Option("--recipe", help="a TOML recipe; default: as published")
]
RunRecipe = Annotated[
    Path | None, typer.Option("--recipe", help="a TOML recipe; default: the run's own")
]
Model = Annotated[str | None, typer.Option("--model", help="a model's name or file; default: ours")]
OutFolder = Annotated[Path, typer.Option("--out", help="folder to write; new or empty")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="instead of the recipe's")]
Resume = Annotated[bool, typer.Option("--resume", help="go on with an interrupted run")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="processes; default: cores")]


def main() -> NoReturn:
    """Run the command line; exits 0, 1 (failed) or 2 (bad usage or input)."""
    try:
        app(standalone_mode=True)
    except ClumpscopeError as error:
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error))
        sys.exit(error.exit_code)
    except OSError as error:  # such as a pipe that was closed, or a folder that cannot be read
        errors.print("error:", style="bold red", end=" ")
        errors.print(str(error))
        sys.exit(1)
    sys.exit(0)


def _recipe(path: Path | None, seed: int | None = None) -> Recipe:
    recipe = load_recipe(path)
    return recipe if seed is None else recipe.model_copy(update={"seed": seed})


def _recipe_for(run: Path, path: Path | None) -> Recipe:
    """The recipe given, else the one that the run was made with."""
    from clumpscope.pipeline import recipe_of

    return recipe_of(run) if path is None else load_recipe(path)


def _workers(workers: int | None) -> int:
    from clumpscope.engine import default_workers

    return default_workers() if workers is None else workers


_DOWNLOAD = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda n: bar.update(task, advance=n)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="folder to write")] = Path("clumpscope-demo"),
    galaxies: Annotated[int, typer.Option(min=1, help="how many to simulate")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="of the simulated survey")] = 1,
    workers: Workers = None,
) -> None:
    """Simulate a small survey, run, evaluate and draw it: offline, one command."""
    from clumpscope.demo import demo as run_demo

    with _progress("galaxies", 3 * galaxies) as progress:
        result = run_demo(out, galaxies, seed, _workers(workers), progress)
    console.print(f"simulated {galaxies} galaxies and ran on them: {_summary(result.summary)}")
    _print_evaluation(result.evaluations)
    console.print("\nwhere everything is:")
    for path, what in result.places.items():
        console.print(f"  {path}  {what}")


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="folder to write; new or empty", metavar="OUT")],
    galaxies: Annotated[
        int | None,
        typer.Option(
            "--galaxies", min=1, help="how many; with --hosts or --volunteers alone: those there"
        ),
    ] = None,
    hosts: Annotated[
        Path | None, typer.Option("--hosts", help="a sample whose images get injected clumps")
    ] = None,
    volunteers: Annotated[
        int | None, typer.Option("--volunteers", min=1, help="who mark each galaxy")
    ] = None,
    recipe: RecipeFile = None,
    seed: Seed = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Simulate a survey with exact truth, or clumps in given cutouts; volunteers who mark it."""
    from clumpscope.acquire import ask_volunteers
    from clumpscope.acquire import simulate as run_simulate
    from clumpscope.store.sample import Sample as Opened

    settings = _recipe(recipe, seed)
    total = galaxies
    if galaxies is None and hosts is None and volunteers is None:
        raise TableError(expected_got("simulate", "--galaxies, --hosts or --volunteers", "neither"))
    if galaxies is not None or hosts is not None:
        total = galaxies if galaxies is not None or hosts is None else len(Opened.open(hosts))
        try:
            with _progress("simulating", total) as progress:
                made = run_simulate(
                    out, galaxies, settings, _workers(workers), progress, hosts=hosts, resume=resume
                )
        except KeyboardInterrupt:
            errors.print(f"interrupted: the same command with --resume goes on in {out}")
            raise typer.Exit(1) from None
        console.print(f"{made} galaxies with truth and labels in {out}")
    if volunteers is not None:
        with _progress("volunteers", total) as progress:
            looks = ask_volunteers(out, volunteers, settings, _workers(workers), progress)
        console.print(f"{looks} classifications in {out / 'classifications.csv.gz'}")


@fetch_app.command("sdss")
def fetch_sdss(
    targets: Annotated[
        Path, typer.Argument(help="CSV, ECSV, FITS, VOTable or Parquet with ra, dec")
    ],
    sample: Annotated[Path, typer.Argument(help="folder to write; new or empty")],
    frames: Annotated[Path, typer.Option("--frames", help="a local mirror of corrected frames")],
    size: Annotated[
        float | None, typer.Option("--size", min=1.0, help="side of the cutouts, arcsec")
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Cut galaxies out of SDSS frames: five bands on one grid, variance, mask, PSF, host table."""
    from clumpscope.acquire import fetch
    from clumpscope.store.tables import read_user_table

    table = read_user_table(targets)
    with _progress("fetching", len(table)) as progress:
        failures = fetch(
            table, targets, frames, sample, _recipe(recipe), size_arcsec=size, progress=progress
        )
    console.print(f"{len(table) - len(failures)} galaxies in {sample}")
    for galaxy_id, error in zip(failures["galaxy_id"], failures["error"], strict=True):
        errors.print(f"failed: {galaxy_id}: {error}")


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
    workers: Workers = None,
) -> None:
    """Turn volunteers' marks into boxes: labels, images, volunteers, faults, state."""
    from clumpscope.labelling import aggregate

    settings = _recipe(recipe)
    with _progress("images, over all rounds", None) as progress:
        result = aggregate(
            export,
            out,
            settings,
            state=state,
            sample=sample,
            workers=_workers(workers),
            progress=progress,
        )
    console.print(
        f"{result.boxes} boxes, {result.odd} of them odd, in {result.images} images from "
        f"{result.marks} marks of {result.volunteers} volunteers in {result.seconds:.0f} s"
    )
    console.print(f"{result.finished} images are finished: see {out / 'images.parquet'}")
    if result.faults:
        errors.print(
            f"{result.faults} faults in {result.rows} rows, {result.used} of which were used: "
            f"see {out / 'faults.parquet'}"
        )


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="a TOML recipe", metavar="RECIPE")],
    sample: Annotated[
        list[Path], typer.Option("--sample", help="a sample with labels.parquet; again for more")
    ],
    out: Annotated[Path, typer.Option("--out", help="model file to write (.safetensors)")],
    seed: Seed = None,
    workers: Workers = None,
) -> None:
    """Train a detector on samples with labels."""
    if out.suffix != ".safetensors":
        raise TableError(expected_got("--out", "a file ending in .safetensors", out.name))
    from clumpscope.learn import learn

    def report(epoch: int, metrics: dict[str, float]) -> None:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        console.print(f"epoch {epoch}: {figures}")

    spec = learn(sample, out, _recipe(recipe, seed), _workers(workers), report)
    console.print(f"{spec.name} in {out}")


@app.command()
def detect(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Find boxes only: detections.parquet and galaxies.parquet."""
    _run(sample, out, model, recipe, resume, workers, "detect")


@app.command()
def run(
    sample: Sample,
    out: OutFolder,
    model: Model = None,
    recipe: RecipeFile = None,
    resume: Resume = False,
    workers: Workers = None,
) -> None:
    """Detect, refine, measure and catalogue every galaxy of a sample."""
    _run(sample, out, model, recipe, resume, workers, "catalogue")


def _run(
    sample: Path,
    out: Path,
    model: str | None,
    recipe: Path | None,
    resume: bool,
    workers: int | None,
    until: str,
) -> None:
    from clumpscope.pipeline import run as run_pipeline
    from clumpscope.store.sample import Sample as Opened

    settings = _recipe(recipe)
    try:
        with _progress("galaxies", len(Opened.open(sample))) as progress:
            summary = run_pipeline(
                sample,
                out,
                settings,
                model=model,
                until=until,
                resume=resume,
                workers=_workers(workers),
                progress=progress,
            )
    except KeyboardInterrupt:
        errors.print(f"interrupted: the same command with --resume goes on in {out}")
        raise typer.Exit(1) from None
    names = ["detections.parquet", "galaxies.parquet", "failures.parquet"]
    if until == "catalogue":
        console.print(_summary(summary))
        names = ["catalogue.parquet", "catalogue.fits", *names]
    else:
        console.print(f"{summary.detections} boxes in {summary.galaxies} galaxies")
    console.print(f"in {out}: {', '.join(names)}")
    if summary.failed:
        errors.print(f"{summary.failed} galaxies failed: see {out / 'failures.parquet'}")
    if summary.failed == summary.galaxies:
        raise typer.Exit(1)


@app.command()
def refine(run: RunFolder, recipe: RunRecipe = None) -> None:
    """Refine a run's detections anew: positions.parquet."""
    from clumpscope.pipeline import refine_run, sample_of

    with _progress("refining", len(sample_of(run))) as progress:
        clumps = refine_run(run, _recipe_for(run, recipe), progress)
    console.print(f"{clumps} clumps in {run / 'positions.parquet'}")


@app.command()
def measure(
    sample: Sample,
    positions: Annotated[
        Path, typer.Option("--positions", help="table with galaxy_id and ra, dec or x, y")
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet or FITS file to write")],
    coords: Annotated[
        Literal["sky", "pixel"] | None,
        typer.Option("--coords", help="which counts, where both are there"),
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Measure given positions in every band."""
    from clumpscope.pipeline import measure_file

    count, failed = measure_file(sample, positions, out, _recipe(recipe), coords)
    console.print(f"{count} positions measured in {out}")
    for galaxy_id, error in failed.items():
        errors.print(f"failed: {galaxy_id}: {error}")


@app.command()
def catalogue(run: RunFolder, recipe: RunRecipe = None) -> None:
    """Make a run's catalogue anew from its photometry.parquet."""
    from clumpscope.pipeline import catalogue_run

    console.print(
        f"{catalogue_run(run, _recipe_for(run, recipe))} clumps in {run / 'catalogue.parquet'}"
    )


@app.command()
def evaluate(
    run: RunFolder,
    truth: Annotated[Path, typer.Option("--truth", help="truth.parquet")],
    recipe: RunRecipe = None,
    baseline: Annotated[bool, typer.Option(help="compare with a classical finder")] = True,
) -> None:
    """Completeness and purity against truth: metrics, tables and a figure in RUN/evaluation."""
    from clumpscope.assess import assess
    from clumpscope.pipeline import sample_of

    total = len(sample_of(run)) if baseline else 0
    with _progress("baseline", total) as progress:
        results = assess(
            run, truth, _recipe_for(run, recipe), with_baseline=baseline, progress=progress
        )
    _print_evaluation(results)
    console.print(f"in {run / 'evaluation'}: metrics.json, curves.parquet, completeness_purity.png")


@app.command()
def doctor() -> None:
    """Versions, devices, cache, models, dust maps: what is there and how to get what is not."""
    from clumpscope.doctor import doctor as look

    checks = look()
    colours = {"ok": "green", "warning": "yellow", "missing": "red"}
    for check in checks:
        console.print(f"{check.state:8}", style=colours[check.state], end=" ")
        console.print(f"{check.name}: {check.detail}")
        if check.remedy:
            console.print(f"         → {check.remedy}")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)


Labels = Annotated[
    Path, typer.Argument(help="labels.parquet, its folder, or the authors' table", metavar="LABELS")
]
LabelFormat = Annotated[
    Literal["coco", "authors", "adams", "ds9", "yolo"], typer.Option("--format", help="the other's")
]
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
    from clumpscope.curate import choose

    table = Table("left after", "galaxies", "boxes", "normal", "odd", box=SIMPLE_HEAD)
    for step in choose(labels, out, _recipe(recipe), hosts):
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
    from clumpscope.curate import divide

    settings = _recipe(recipe, seed)
    if groups is not None:
        chosen = settings.labels.model_copy(update={"groups": groups})
        settings = settings.model_copy(update={"labels": chosen})
    found = divide(labels, out, settings)
    table = Table("group", "train", "validation", "test", "total", box=SIMPLE_HEAD)
    for number in sorted(set(found["group"].tolist())):
        parts = found["split"][found["group"] == number].tolist()
        sizes = [parts.count(name) for name in ("train", "validation", "test")]
        table.add_row(str(number), *(f"{n:,}" for n in (*sizes, len(parts))))
    console.print(table)


@labels_app.command("import")
def labels_import(
    file: Annotated[Path, typer.Argument(help="a file, or a folder of one file a galaxy")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write")],
    form: LabelFormat,
    sample: LabelSample = None,
    recipe: RecipeFile = None,
) -> None:
    """Read labels of another format."""
    from clumpscope.curate import bring_in

    console.print(f"{bring_in(file, out, form, _recipe(recipe), sample)} labels in {out}")


@labels_app.command("export")
def labels_export(
    labels: Annotated[Path, typer.Argument(help="labels; a run, for zooniverse", metavar="LABELS")],
    out: Annotated[Path, typer.Option("--out", help="file, or folder, to write")],
    form: Annotated[
        Literal["coco", "authors", "adams", "ds9", "yolo", "zooniverse"],
        typer.Option("--format", help="zooniverse: pictures and boxes to correct"),
    ],
    sample: LabelSample = None,
    recipe: RecipeFile = None,
) -> None:
    """Write labels in another format, or a subject set whose boxes volunteers correct."""
    from clumpscope.correct import subject_set
    from clumpscope.curate import send_out

    if form == "zooniverse":
        made = subject_set(labels, out, _recipe(recipe), sample)
        console.print(f"{made} subjects in {out / 'manifest.csv'}")
        return
    console.print(f"{send_out(labels, out, form, _recipe(recipe), sample)} labels in {out}")


@models_app.command("list")
def models_list() -> None:
    """Models in the package, in the cache, and the published ones."""
    from clumpscope.detector.inventory import list_models

    table = Table(Column("name", no_wrap=True), "where", "family", "MB", "licence")
    for entry in list_models():
        licence = entry.problem or entry.licence
        table.add_row(entry.name, entry.where, entry.family, f"{entry.size / 1e6:.1f}", licence)
    console.print(table)


@models_app.command("fetch")
def models_fetch(name: Annotated[str, typer.Argument(help="a published model's name")]) -> None:
    """Download a published checkpoint by its sha256 and import it."""
    from clumpscope.detector.download import fetch
    from clumpscope.detector.header import read_spec

    with Progress(*_DOWNLOAD, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        path = fetch(name, progress=lambda done, size: bar.update(task, completed=done, total=size))
    console.print(f"{name} in {path}")
    console.print(f"licence: {read_spec(path).licence}")


@models_app.command("import")
def models_import(
    file: Annotated[Path, typer.Argument(help="a published .pth checkpoint")],
    name: Annotated[str, typer.Option("--as", help="name to give it")],
    out: Annotated[
        Path | None, typer.Option("--out", help="file to write; default: the cache")
    ] = None,
) -> None:
    """Turn a published checkpoint into a model file."""
    from clumpscope.detector.published import import_published

    console.print(f"{name} in {import_published(file, name, out)}")


@models_app.command("show")
def models_show(
    model: Annotated[str | None, typer.Argument(help="name or file; default: ours")] = None,
) -> None:
    """Print a model's spec: what it is, what it expects, where it comes from."""
    from clumpscope.detector.header import read_spec
    from clumpscope.detector.registry import find_model

    path = find_model(model)
    console.print_json(read_spec(path).model_dump_json())
    console.print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


@models_app.command("verify")
def models_verify(
    model: Annotated[str | None, typer.Argument(help="name or file; default: ours")] = None,
) -> None:
    """Check a model file: spec, tensors, hash."""
    from clumpscope.detector.inventory import verify
    from clumpscope.detector.registry import find_model

    verified = verify(find_model(model))
    header = verified.header
    console.print(f"{header.path} is whole: {len(header.shapes)} tensors,", end=" ")
    console.print(f"{header.parameters / 1e6:.2f} million numbers in {' '.join(header.precisions)}")
    console.print(f"{header.size / 1e6:.1f} MB, sha256 {verified.sha256}")


def _summary(summary: "Summary") -> str:
    return (
        f"{summary.galaxies} galaxies ({summary.failed} failed), {summary.detections} boxes, "
        f"{summary.normal} clumps and {summary.odd} odd clumps in {summary.seconds:.1f} s"
    )


def _print_evaluation(results: Mapping[str, "Evaluation"]) -> None:
    table = Table(
        "", "ratio", "completeness", "purity", "chance", title="against truth", box=SIMPLE_HEAD
    )
    for name, result in results.items():
        for ratio, item in result.at.items():
            shares = [item.completeness, item.purity]
            cells = [f"{s.value:.2f} ({s.low:.2f}–{s.high:.2f}) of {s.n}" for s in shares]
            chance = result.chance[ratio].completeness.value
            table.add_row(name, f"≥ {100 * ratio:.0f} %", *cells, f"{chance:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
