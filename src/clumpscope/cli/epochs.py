"""What a training says while it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from clumpscope.cli.common import console, errors

if TYPE_CHECKING:
    from clumpscope.jobs.plan import Plan

_COLUMNS = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())


def line(epoch: int, epochs: int, metrics: dict[str, float]) -> str:
    """Metrics of an epoch, and how long the others will take if they are like those so far."""
    figures = [f"{name} {value:.3f}" for name, value in metrics.items() if name != "minutes"]
    left = metrics["minutes"] / epoch * (epochs - epoch)
    if left:
        figures.append(f"{left:.0f} min left" if left > 1.5 else f"{60 * left:.0f} s left")
    return f"epoch {epoch}/{epochs}: {', '.join(figures)}"


@contextmanager
def progress(
    plan: "Plan",
) -> Iterator[tuple[Callable[[int], None], Callable[[int, int, int], None]]]:
    """Bars of composites and of training on a terminal, nothing elsewhere."""
    galaxies, epochs = len(plan.training) + len(plan.validation), plan.recipe.train.epochs
    with Progress(
        *_COLUMNS,
        console=errors,
        disable=not errors.is_terminal,
        transient=True,
        # What is printed goes above the bar, but not if it goes to a file.
        redirect_stdout=console.is_terminal,
    ) as bar:
        images = bar.add_task(f"{galaxies:,} composites", total=galaxies)
        training = bar.add_task("", total=None, visible=False)

        def step(epoch: int, batch: int, batches: int) -> None:
            bar.update(images, visible=False)
            bar.update(
                training,
                description=f"epoch {epoch}/{epochs}, batch {batch:,}/{batches:,}",
                completed=(epoch - 1) * batches + batch,
                total=epochs * batches,
                visible=True,
            )

        yield lambda n: bar.update(images, advance=n), step
