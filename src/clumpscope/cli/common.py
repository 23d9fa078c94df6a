"""What all commands share: the application, options, progress and printed tables."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from typer.core import TyperGroup

import clumpscope
from clumpscope.cli.terminal import terminal
from clumpscope.errors import expected_got

if TYPE_CHECKING:
    from clumpscope.config.recipe import Recipe
    from clumpscope.engine.local import Workers as AnyWorkers
    from clumpscope.jobs.pipeline import Summary
    from clumpscope.stages.evaluate.scores import Evaluation


class Stopped(KeyboardInterrupt):
    """The system asks the command to end, as Ctrl-C does."""


class Commands(TyperGroup):
    """All commands; one that is interrupted says what is kept, and how to go on."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (as typer has it)
        """Invoke a command; Ctrl-C exits with 130, a request of the system with 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            notes = getattr(stop, "__notes__", ["begin again; first take away what it had written"])
            errors.print(f"interrupted: {'; '.join(notes)}")
            raise typer.Exit(1 if isinstance(stop, Stopped) else 130) from None


@contextmanager
def kept(what: Callable[[], str]) -> Iterator[None]:
    """Say ``what()`` is kept, if what is inside is interrupted."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(what())
        raise


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """Say how to go on in a folder, if what is inside is interrupted."""
    with kept(lambda: f"the same command with --resume goes on in {out}"):
        yield


app = typer.Typer(
    name="clumpscope",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
labels_app = typer.Typer(help="Choose, divide and convert labels.", no_args_is_help=True)
models_app = typer.Typer(help="Published and own models.", no_args_is_help=True)
recipe_app = typer.Typer(help="Every setting and its meaning.", no_args_is_help=True)
app.add_typer(labels_app, name="labels")
app.add_typer(models_app, name="models")
app.add_typer(recipe_app, name="recipe")


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"clumpscope {clumpscope.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="show the version and exit"
        ),
    ] = False,
) -> None:
    """Find, measure and vet giant star-forming clumps in galaxy images."""


console, errors = terminal(stderr=False), terminal(stderr=True)
Sample = Annotated[
    Path, typer.Argument(help="a sample, or a bare folder of images", metavar="SAMPLE")
]
RunFolder = Annotated[Path, typer.Argument(help="a run's folder", metavar="RUN")]
RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="a TOML recipe; default: ours")]
RunRecipe = Annotated[
    Path | None, typer.Option("--recipe", help="a TOML recipe; default: the run's own")
]
Model = Annotated[str | None, typer.Option("--model", help="a model's name or file; default: ours")]
OutFolder = Annotated[Path, typer.Option("--out", help="folder to write; new or empty")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="instead of the recipe's")]
Resume = Annotated[bool, typer.Option("--resume", help="go on with an interrupted run")]
_TOLD = 5  # failures on the terminal
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="processes; default: cores")]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="workers of a Dask scheduler instead; local:N starts N",
    ),
]


def recipe_of(path: Path | None, seed: int | None = None) -> "Recipe":
    """The recipe of a file, else the defaults; with another seed where one is given."""
    from clumpscope.config.recipe import load_recipe  # slow to load: not for --help

    recipe = load_recipe(path)
    return recipe if seed is None else recipe.model_copy(update={"seed": seed})


def recipe_for(run: Path, path: Path | None) -> "Recipe":
    """The recipe given, else the one that the run was made with."""
    if path is not None:
        return recipe_of(path)
    from clumpscope.store.run import Run

    return Run(run).recipe()


def workers_of(workers: int | None) -> int:
    """Number of processes: as asked, else one a core."""
    from clumpscope.engine.local import default_workers

    return default_workers() if workers is None else workers


@contextmanager
def hands(workers: int | None, dask: str | None) -> Iterator["AnyWorkers"]:
    """Who works: so many processes, one a core, or workers of a Dask scheduler."""
    if dask is None:
        yield workers_of(workers)
        return
    if workers is not None:
        raise typer.BadParameter(expected_got("workers", "--workers or --dask", "both"))
    from clumpscope.engine.dask import connected

    with connected(dask) as executor:
        if not executor.threads:
            errors.print(f"{dask} has no workers yet: waiting for some")
        yield executor


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
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


def tell_failures(path: Path) -> int:
    """Print the first galaxies of a table of failures, and where the others stand; how many."""
    from clumpscope.store.tables import read_parquet

    failed = read_parquet(path)
    for row in failed[:_TOLD]:
        errors.print(f"failed: {row['galaxy_id']}: {row['stage']}: {row['error']}")
    if len(failed) > _TOLD:
        errors.print(f"and {len(failed) - _TOLD} more: see {path.with_suffix('.csv')}")
    return len(failed)


def tell_hosts(path: Path) -> None:
    """Print how many targets look like stars, and how many are crowded, if any are."""
    from clumpscope.core.flags import ClumpFlag
    from clumpscope.core.schema import plain
    from clumpscope.store.tables import read_parquet

    hosts = read_parquet(path)
    flags = plain(hosts, "flags")
    for flag, what in (
        (ClumpFlag.HOST_IS_STAR, "look like stars"),
        (ClumpFlag.HOST_CROWDED, "have more than a fifth of their aperture masked"),
        (ClumpFlag.NEAR_STAR, "lie in the halo of a bright star"),
    ):
        hit = flags & int(flag) > 0
        if hit.any():
            ids = hosts["galaxy_id"][hit].tolist()
            told = ", ".join(ids[:_TOLD]) + (" ..." if len(ids) > _TOLD else "")
            console.print(f"{len(ids)} {what} ({flag.name}): {told}")


def summary_of(summary: "Summary") -> str:
    """What a run did: a line each on its galaxies, the quality of its clumps, and its stars."""
    from clumpscope.core.quality import MEANINGS

    lines = [
        f"{summary.galaxies} galaxies ({summary.failed} failed), {summary.detections} boxes, "
        f"{summary.normal} clumps and {summary.odd} odd clumps in {summary.seconds:.1f} s"
    ]
    if summary.quality:
        parts = zip(MEANINGS.items(), summary.quality, strict=True)
        told = (f"{count} {what} ({level})" for (level, what), count in parts)
        lines.append("quality of the clumps: " + ", ".join(told))
    if summary.stars:
        lines.append(f"{summary.stars} targets look like stars (HOST_IS_STAR in galaxies.parquet)")
    return "\n".join(lines)


def print_evaluation(results: Mapping[str, "Evaluation"]) -> None:
    """Table of completeness and purity of each finder; as much as a terminal is wide."""
    from clumpscope.core.clump_columns import RATIOS

    table = Table(
        "",
        "ratio",
        "completeness",
        "purity",
        "chance",
        title="completeness and purity",
        box=SIMPLE_HEAD,
    )
    for name, result in results.items():
        for ratio in RATIOS.values() if result.least else (result.least,):
            score = result.at(ratio)
            shares = [score.completeness, score.purity]
            cells = [f"{s.value:.2f} ({s.low:.2f}–{s.high:.2f}) of {s.n}" for s in shares]
            chance = result.at(ratio, "chance").completeness.value
            least = f"≥ {100 * ratio:.0f} %" if ratio else "all"
            table.add_row(name, least, *cells, f"{chance:.2f}")
    console.print(table)
