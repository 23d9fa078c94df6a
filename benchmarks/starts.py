"""The paper's experiment on a CPU: what a detector's encoder should have learned before.

EfficientNet-Lite0 with a map of centres on composites at half the usual scale, from five starts,
frozen and fine-tuned, on 250, 1,000 and 4,000 simulated galaxies. All starts have the same
epochs, order of images and seed; the last epoch is judged, so that few held-out images choose
nothing. Thresholds are chosen on the validation sample, figures are of the test sample.

On one core a fine-tuned image takes 36 ms a pass. A frozen encoder takes 8 ms an image and way
it is mirrored, once; then a pass takes 5.5 ms. So a start costs (minutes)

    galaxies        250    1,000    4,000
    fine-tuned      1.8      3.0      4.8
    frozen          0.7      1.6      3.6

and 0.2 a cell for its figures: 83 minutes for all thirty cells, and 5 to make images ready. (Heads
of Faster R-CNN: 65 and 41 ms a pass.) Cells that tell most come first; one that is done is not done
again, and one that was interrupted goes on.

    OMP_NUM_THREADS=1 python benchmarks/starts.py --sample SAMPLE --bench DIR \
        --encoders DIR --work DIR [--wait MINUTES] [--figure PNG]

SAMPLE is of ``recipes/training.toml``; --bench has ``test`` and ``validation``, as
``bench_completeness.py`` makes them. ``wheel:efficientnet-lite0`` has been fetched. --encoders has
``imagenet-galaxies.safetensors``, ``galaxies.safetensors`` and ``clumpy.safetensors``; with --wait
those that are not there yet are waited for. With --figure nothing is trained: a table is printed
and a figure drawn of the cells that are done.
"""

import argparse
import json
import shutil
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import starts_scores as scores
from starts_figure import draw, table

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.config.train import AugmentConfig, DetectorConfig, TrainConfig
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.models.header import read_header
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

IMAGENET = "wheel:efficientnet-lite0"
STARTS = ("nothing", "imagenet", "imagenet-galaxies", "galaxies", "clumpy")
EPOCHS = {  # galaxies → fine-tuned, frozen
    1000: (5, 12),
    250: (12, 24),
    4000: (2, 4),
}
VALIDATION, TEST = 300, 400  # galaxies
ENCODER = DetectorConfig(
    encoder="tf_efficientnet_lite0", strides=(4, 8, 16), channels=64, finds="centres"
)


@dataclass(frozen=True)
class Cell:
    """One training."""

    start: str
    frozen: bool
    galaxies: int

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.start}-{'frozen' if self.frozen else 'tuned'}-{self.galaxies}"

    @property
    def epochs(self) -> int:
        """Passes over the galaxies."""
        return EPOCHS[self.galaxies][self.frozen]

    def weights(self, encoders: Path) -> str | None:
        """What its recipe begins with."""
        own = str(encoders / f"{self.start}.safetensors")
        return {"nothing": None, "imagenet": IMAGENET}.get(self.start, own)

    def recipe(self, encoders: Path) -> Recipe:
        """A recipe; a frozen encoder's images come in four ways, others' in eight."""
        learning = TrainConfig(
            epochs=self.epochs,
            batch_size=16,
            max_learning_rate=1e-3,
            weight_decay=0.05,
            validation_fraction=0.04,
            start=self.weights(encoders),
            trainable_blocks=0 if self.frozen else None,
            augment=AugmentConfig(transpose=not self.frozen),
        )
        composite = CompositeConfig(size=200, crop=100)
        return Recipe(seed=20261201, composite=composite, detector=ENCODER, train=learning)


CELLS = [
    Cell(start, frozen, galaxies)
    for galaxies, frozen, start in product(EPOCHS, (False, True), STARTS)
]


def first(sample: Path, galaxies: int, folder: Path) -> Path:
    """A sample of the first galaxies of another."""
    if not folder.exists():
        whole = Sample.open(sample)
        part = folder.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        if not (part / "images").exists():
            (part / "images").symlink_to((sample / "images").resolve())
        write_parquet(whole.hosts[:galaxies], part / "hosts.parquet")
        labels, ids = whole.labels(), set(whole.ids[:galaxies])
        mine = [str(one) in ids for one in labels["galaxy_id"]]
        write_parquet(labels[mine], part / "labels.parquet")
        part.rename(folder)
    return folder


def trained(cell: Cell, sample: Path, encoders: Path, work: Path) -> tuple[Path, float]:
    """The model of a cell's last epoch, and the minutes that its training took."""
    out = work / f"{cell.name}.safetensors"
    plan = make_plan(
        [first(sample, cell.galaxies, work / f"first-{cell.galaxies}")], cell.recipe(encoders)
    )
    images = work / "images"
    before = {images / plan.images_key, *(images.iterdir() if images.exists() else ())}
    began = time.monotonic()
    train(plan, out, 1, lambda *_: None, resume=True, cache=images)
    for folder in set(images.iterdir()) - before:  # levels are of no use to another cell
        shutil.rmtree(folder)
    return out.with_suffix(".training") / "last.safetensors", (time.monotonic() - began) / 60


def judged(
    cell: Cell,
    model: Path,
    minutes: float,
    samples: tuple[list[scores.Tested], list[scores.Tested]],
) -> dict[str, object]:
    """A row of figures."""
    validation, test = (scores.found(model, one) for one in samples)
    threshold = scores.threshold_of(validation)
    at = scores.score_at(test, threshold)
    low, high = scores.precision_interval(test)
    told = read_header(model).spec.metrics
    return {
        **asdict(cell),
        "epochs": cell.epochs,
        "minutes": round(minutes, 2),
        "held_out_f1": told.get("f1"),
        "held_out_ap50": told.get("ap50"),
        "threshold": round(threshold, 2),
        "completeness": asdict(at.completeness),
        "purity": asdict(at.purity),
        "ap": {"value": scores.precision(test), "low": low, "high": high},
    }


def rows_of(work: Path) -> list[dict[str, object]]:
    """Figures of the cells that are done."""
    path = work / "cells.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def next_cell(work: Path, encoders: Path) -> tuple[Cell | None, int]:
    """The first cell that is not done and can begin, and how many are left."""
    done = {(row["start"], row["frozen"], row["galaxies"]) for row in rows_of(work)}
    left = [cell for cell in CELLS if (cell.start, cell.frozen, cell.galaxies) not in done]
    for cell in left:
        text = cell.weights(encoders)
        if text is None or text == IMAGENET or Path(text).is_file():
            return cell, len(left)
    return None, len(left)


def main() -> None:
    """Train what is left, or show what is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("sample", "bench", "encoders", "figure"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--cells", type=int, default=len(CELLS))
    options = parser.parse_args()
    work = options.work
    if options.figure:
        rows = rows_of(work)
        print(table(rows, STARTS))
        draw(rows, STARTS, options.figure)
        return
    work.mkdir(parents=True, exist_ok=True)
    spec = make_plan(
        [first(options.sample, 250, work / "first-250")], CELLS[0].recipe(options.encoders)
    ).spec("x")
    samples = (
        scores.tested(options.bench / "validation", VALIDATION, spec),
        scores.tested(options.bench / "test", TEST, spec),
    )
    waited_until = time.monotonic() + 60 * options.wait
    for _ in range(options.cells):
        cell, left = next_cell(work, options.encoders)
        while cell is None and left and time.monotonic() < waited_until:
            time.sleep(20)
            cell, left = next_cell(work, options.encoders)
        if cell is None:
            break
        model, minutes = trained(cell, options.sample, options.encoders, work)
        row = judged(cell, model, minutes, samples)
        with (work / "cells.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{cell.name}: {json.dumps(row)}; {left - 1} left", flush=True)


if __name__ == "__main__":
    main()
