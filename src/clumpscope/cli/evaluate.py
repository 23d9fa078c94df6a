"""The command that judges runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clumpscope.cli.common import (
    Dask,
    RunRecipe,
    Seed,
    Workers,
    app,
    console,
    hands,
    print_evaluation,
    progress_bar,
    recipe_for,
)
from clumpscope.errors import expected_got

if TYPE_CHECKING:
    from clumpscope.config.recipe import Recipe


@app.command()
def evaluate(  # noqa: PLR0913  (an argument an option)
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="folders of runs over the same galaxies", metavar="RUN..."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="truth.parquet, labels, or RUN/vet.sqlite")
    ] = None,
    by_eye: Annotated[
        int | None,
        typer.Option(
            "--by-eye",
            min=1,
            max=5000,
            help="instead of a truth: places for people to judge",
        ),
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option("--answers", help="a reader's CSV on the pages in --out; repeat for each"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder to write; default: RUN/evaluation")
    ] = None,
    recipe: RunRecipe = None,
    *,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            help="a classical finder to compare with: sep, peaks, guo or sattari; "
            "more than one by repeating it [default: sep]",
        ),
    ] = None,
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="compare with none, and read no image")
    ] = False,
    bootstraps: Annotated[
        int, typer.Option(min=0, help="resamplings of the galaxies for intervals; 0: Wilson's")
    ] = 200,
    seed: Seed = None,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Completeness and purity of runs against truth, or by what people say: metrics and figures."""
    ways = {"--truth": truth, "--by-eye": by_eye, "--answers": answers}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        got = " and ".join(given) or "none"
        raise typer.BadParameter(expected_got("evaluate", f"one of {', '.join(ways)}", got))
    place = out if truth else _folder(out)
    if answers and place:
        if runs:
            raise typer.BadParameter(expected_got("--answers", "no runs", "some"))
        _answered(place, answers)
        return
    if baseline and no_baseline:
        raise typer.BadParameter(expected_got("--baseline", "names or --no-baseline", "both"))
    if not runs:
        raise typer.BadParameter(expected_got("evaluate", "one or more runs", "none"))
    settings = recipe_for(runs[0], recipe)
    settings = settings if seed is None else settings.model_copy(update={"seed": seed})
    if by_eye and place:
        _drawn(runs, by_eye, place, settings)
    if truth is None:
        return
    from clumpscope.jobs.evaluate import BASELINES
    from clumpscope.jobs.evaluate import evaluate as job
    from clumpscope.store.run import Run

    names = () if no_baseline else tuple(baseline or BASELINES)
    total = 2 * len(Run(runs[0]).sample()) if names else 0
    with progress_bar("images", total) as progress, hands(workers, dask) as at_work:
        results = job(
            runs,
            truth,
            settings,
            out=out,
            baselines=names,
            bootstraps=bootstraps,
            workers=at_work,
            progress=progress,
        )
    print_evaluation(results)
    console.print(
        f"in {out or runs[0] / 'evaluation'}: metrics.json, summary.txt (.md, .tex), "
        "curves.parquet, found.parquet, truth.parquet, completeness_purity.png"
    )


def _folder(out: Path | None) -> Path:
    if out is None:
        raise typer.BadParameter(expected_got("judging by eye", "a folder --out", "none"))
    return out


def _drawn(runs: list[Path], count: int, out: Path, recipe: "Recipe") -> None:
    from clumpscope.jobs.by_eye import draw

    with progress_bar("galaxies and places", None) as progress:
        drawn = draw(runs, count, out, recipe, recipe.seed, progress)
    console.print(
        f"{sum(drawn.strata.values())} of {drawn.pool} places in {drawn.galaxies} galaxies; "
        f"{drawn.left_out} galaxies left out"
    )
    console.print(
        f"for readers: {out / 'readers'} (README.txt, judge.html, answers.csv); keep "
        f"{out / 'key.parquet'} from them, it tells whose each place is"
    )


def _answered(out: Path, answers: list[Path]) -> None:
    from clumpscope.jobs.by_eye import read_answers
    from clumpscope.stages.by_eye import table

    result = read_answers(out, answers)
    head, *rows = table(result)
    shown = Table(*map(str, head[1:]), title="by eye, majority of readers", box=SIMPLE_HEAD)
    for row in rows:
        if row[0] == "majority":
            shown.add_row(*map(str, row[1:]))
    console.print(shown)
    for one in result.agreement:
        kappa, pair = one.clump, " and ".join(one.readers)
        console.print(
            f"{pair}: kappa {kappa.value:.2f} ({kappa.low:.2f}–{kappa.high:.2f}), clump or not"
        )
    console.print(f"in {out / 'results'}: results.json, results.csv, judged.parquet")
