"""The command train."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clumpscope.cli.common import Seed, Workers, app, console, kept, recipe_of, workers_of
from clumpscope.cli.epochs import line, progress
from clumpscope.errors import TableError, expected_got

if TYPE_CHECKING:
    from clumpscope.detector.training.estimate import Estimate
    from clumpscope.detector.training.levels import Keeping
    from clumpscope.jobs.plan import Plan


@app.command()
def train(  # noqa: PLR0913, PLR0917  (an argument an option)
    recipe: Annotated[Path, typer.Argument(help="a TOML recipe", metavar="RECIPE")],
    sample: Annotated[list[Path], typer.Option("--sample", help="a sample; again for more")],
    out: Annotated[Path, typer.Option("--out", help="model file to write (.safetensors)")],
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="labels.parquet, a consensus's folder or the authors' table; "
            "default: labels.parquet of each sample",
        ),
    ] = None,
    groups: Annotated[
        Path | None, typer.Option("--groups", help="what `labels split` wrote; needs --group")
    ] = None,
    group: Annotated[
        int | None, typer.Option("--group", help="number of the run-group to train on")
    ] = None,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            "--pictures", help="images to learn shapes from without votes; again for more"
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", help="keep images made ready here, for other trainings on them"),
    ] = None,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a training")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would be trained")
    ] = False,
    seed: Seed = None,
    workers: Workers = None,
) -> None:
    """Train a detector on samples with labels, or an encoder on whole galaxies."""
    if out.suffix != ".safetensors":
        raise TableError(expected_got("--out", "a file ending in .safetensors", out.name))
    from clumpscope.jobs.books import folder_of
    from clumpscope.jobs.plan import make_plan
    from clumpscope.jobs.train import rehearse
    from clumpscope.jobs.train import train as job
    from clumpscope.models.starts import CLASSIFIER

    plan = make_plan(sample, recipe_of(recipe, seed), labels=labels, groups=groups, group=group)

    def classified(epoch: int, metrics: dict[str, float]) -> None:
        console.print(f"classifier, {line(epoch, plan.recipe.classifier.epochs, metrics)}")

    _print_plan(plan)
    if plan.recipe.train.what != "morphology" and pictures:
        got = f"for a {plan.recipe.train.what}"
        raise TableError(expected_got("--pictures", 'them for [train] what = "morphology"', got))
    if plan.recipe.train.what != "detector":
        _train_encoder(plan, out, pictures or [], cache, workers_of(workers), dry_run=dry_run)
        return
    if dry_run:
        _print_estimate(plan, rehearse(plan, out, resume=resume))
        return
    epochs = plan.recipe.train.epochs

    def report(epoch: int, metrics: dict[str, float]) -> None:
        if "accuracy" in metrics:
            classified(epoch, metrics)
        else:
            console.print(line(epoch, epochs, metrics))

    def so_far() -> str:
        if plan.recipe.train.start == CLASSIFIER and not folder_of(out).exists():
            return (
                "the same command with --resume goes on; a classifier not yet trained begins anew"
            )
        best = f"; the best model so far is in {out}" if out.exists() else ""
        return f"the same command with --resume goes on in {folder_of(out)}{best}"

    with kept(so_far), progress(plan) as (composed, step):
        spec = job(
            plan,
            out,
            workers_of(workers),
            report,
            resume=resume,
            cache=cache,
            composed=composed,
            step=step,
        )
    console.print(f"{spec.name} in {out}; losses and the last epoch's model in {folder_of(out)}")


def _train_encoder(
    plan: "Plan",
    out: Path,
    pictures: list[Path],
    cache: Path | None,
    workers: int,
    *,
    dry_run: bool,
) -> None:
    """Train what shall not be a detector."""
    from clumpscope.jobs.encoders import rehearse_encoder, train_classifier, train_morphology

    what = plan.recipe.train.what
    config = plan.recipe.morphology if what == "morphology" else plan.recipe.classifier
    if dry_run:
        parameters, number = rehearse_encoder(plan, out, pictures)
        if pictures:
            console.print(f"pictures: {number:,}")
        console.print(f"{config.encoder}, {parameters / 1e6:.2f} million parameters")
        return

    def report(epoch: int, metrics: dict[str, float]) -> None:
        console.print(f"{what}, {line(epoch, config.epochs, metrics)}")

    def so_far() -> str:
        best = f"the best encoder so far is in {out}; " if out.exists() else ""
        return f"{best}an encoder alone cannot go on: train it anew"

    with kept(so_far), progress(plan) as (composed, _):
        if what == "classifier":
            card = train_classifier(plan, out, workers, report, composed=composed)
        else:
            card = train_morphology(
                plan, out, workers, report, pictures=pictures, cache=cache, composed=composed
            )
    console.print(f"encoder {card.encoder} in {out}")


def _print_plan(plan: "Plan") -> None:
    """Galaxies and labels of both sides, what does not fit, and how long it goes on."""
    from clumpscope.stages.train.galaxies import Count

    labelled = plan.recipe.train.what != "morphology"
    names = ("without labels", "clumps", "odd clumps") if labelled else ()
    table = Table("", "galaxies", *names, box=SIMPLE_HEAD)
    for side, galaxies in (("training", plan.training), ("validation", plan.validation)):
        count = Count.of(galaxies)
        numbers = (count.galaxies, count.bare, count.clumps, count.odd)[: 1 + len(names)]
        table.add_row(side, *(f"{n:,}" for n in numbers))
    console.print(table)
    for what, number in plan.notes.items():
        if number:
            console.print(f"{what}: {number:,}")
    config = plan.recipe.train
    if config.what != "detector":
        chosen = plan.recipe.morphology if config.what == "morphology" else plan.recipe.classifier
        console.print(f"{chosen.encoder}: {chosen.epochs} epochs")
        return
    console.print(
        f"{config.epochs} epochs of {plan.batches:,} batches of {config.batch_size}: "
        f"{config.epochs * plan.batches:,} steps"
    )


def _print_estimate(plan: "Plan", needs: "Estimate") -> None:
    """Size, memory and time of a training; an error if memory will not suffice."""
    from clumpscope.models.trained import encoder_of

    config = plan.recipe.train
    console.print(
        f"{encoder_of(plan.spec('plan'))}, {needs.parameters / 1e6:.2f} million parameters, "
        f"{needs.trainable / 1e6:.2f} million learned"
    )
    console.print(
        f"a step needs about {needs.step_bytes / 1e9:.2f} GB of {needs.free_bytes / 1e9:.2f} GB "
        f"free; batches up to {needs.fitting * config.devices * config.nodes:,} fit"
    )
    if needs.keeping is not None:
        console.print(_frozen(plan, needs.keeping))
    minutes = needs.minutes(len(plan.training), len(plan.validation), config)
    console.print(f"about {minutes:.0f} min" if minutes > 1.5 else f"about {60 * minutes:.0f} s")
    needs.check(config.devices * config.nodes)


def _frozen(plan: "Plan", keeping: "Keeping") -> str:
    """How often a frozen encoder is computed, and why."""
    if keeping.obstacle:
        return f"the frozen encoder is computed in each step: {keeping.obstacle}"
    images = keeping.images(len(plan.training), len(plan.validation))
    return (
        f"the frozen encoder is computed once: {images:,} images, mirrored ones too, "
        f"{images * keeping.bytes / 1e9:.2f} GB on disk"
    )
