"""Milliseconds a galaxy on one core: our detector against the published configuration.

Both look at simulated galaxies of the benchmark's recipe, in float32, in turn. The published
one is torchvision's Faster R-CNN with ResNet-50, which enlarges composites to 800 px, one by one;
ours is a model file, in batches of 16, and the same in bfloat16, whose boxes are compared. Making
what each sees of an image is timed beside it.

    OMP_NUM_THREADS=1 python benchmarks/bench_detect.py [MODEL]
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from clumpscope.config.recipe import load_recipe
from clumpscope.config.run import CompositeConfig, DetectConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import composite
from clumpscope.core.galaxy import AnyImage
from clumpscope.detector.predict import Detector, single_thread
from clumpscope.jobs.simulate import simulate
from clumpscope.models.registry import find_model
from clumpscope.models.view import view
from clumpscope.ops.overlap import iou
from clumpscope.store.sample import Sample

RECIPE = Path(__file__).parents[1] / "recipes" / "benchmark-test.toml"
GALAXIES = 64
ROUNDS = 7
TARGET = 250.0
SURE, SAME = 0.3, 0.95  # score, IoU


def galaxies() -> list[AnyImage]:
    """The first galaxies of the benchmark's recipe."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sample"
        simulate(out, GALAXIES, load_recipe(RECIPE), 1)
        sample = Sample.open(out)
        return [sample.read_starred(k) for k in range(len(sample))]


def gflop(work: Callable[[], object]) -> float:
    """Arithmetic of convolutions and matrix products, 10^9 operations (an add is one)."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor: with one thread, those of an idle machine's clock."""
    start = process_time()
    work()
    return process_time() - start


def peak() -> float:
    """What this core does at best, GFLOP/s: of a matrix product and of a large convolution."""
    one, two = torch.rand(1536, 1536), torch.rand(1536, 1536)
    layer = torch.nn.Conv2d(256, 256, 3, padding=1).eval().to(memory_format=torch.channels_last)
    maps = torch.rand(4, 256, 56, 56).to(memory_format=torch.channels_last)
    best = 0.0
    with torch.inference_mode():
        for work in (lambda: torch.mm(one, two), lambda: layer(maps)):
            work()
            best = max(best, gflop(work) / min(timed(work) for _ in range(5)))
    return best


def compared(ones: list[Boxes], others: list[Boxes]) -> str:
    """How far boxes above 0.3 are from the nearest of others."""
    overlaps, apart = [], []
    for one, other in zip(ones, others, strict=True):
        sure = one.scores > SURE
        if sure.any() and len(other):
            overlap = iou(one.xyxy[sure], other.xyxy)
            overlaps += overlap.max(axis=1).tolist()
            apart += np.abs(one.scores[sure] - other.scores[overlap.argmax(axis=1)]).tolist()
    near = np.mean(np.array(overlaps) >= SAME)
    return (
        f"of {len(apart)} boxes above {SURE} {near:.3f} at IoU >= {SAME}, scores differ by "
        f"{np.mean(apart):.4f} in the mean, {max(apart):.3f} at most"
    )


def main(model: str | None) -> None:
    """State the arithmetic limit, then time both in turn."""
    single_thread()
    images = galaxies()
    path = find_model(model)
    ours = Detector.load(path, DetectConfig().score_floor)
    fewer = Detector.load(path, DetectConfig().score_floor, precision="bf16")
    batch = DetectConfig().batch_size
    seen = [view(image, ours.spec) for image in images]
    theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3).eval()
    picture = torch.from_numpy(composite(images[0], CompositeConfig()).pixels)

    def published() -> object:
        with torch.inference_mode():
            return theirs([picture])

    def found(finder: Detector) -> list[Boxes]:
        parts = range(0, len(seen), batch)
        return [boxes for k in parts for boxes in finder.detect(seen[k : k + batch])]

    def see() -> object:
        return [view(image, ours.spec).pixels for image in images]

    work = {
        "published": published,
        "ours": lambda: found(ours),
        "bf16": lambda: found(fewer),
        "view": see,
    }
    number = dict.fromkeys(work, len(seen)) | {"published": 1}
    arithmetic = {name: gflop(work[name]) / number[name] for name in ("published", "ours")}
    rates, seconds = [], {name: [] for name in work}
    for _ in range(ROUNDS):
        rates.append(peak())
        for name, one in work.items():
            seconds[name].append(timed(one) / number[name])
    best = max(rates)
    print(f"model {ours.spec.name}, {torch.get_num_threads()} thread, {best:.0f} GFLOP/s at best")
    for name, flop in arithmetic.items():
        limit, took = 1e3 * flop / best, 1e3 * median(seconds[name])
        print(
            f"{name:9s} {flop:7.2f} GFLOP, at least {limit:7.1f} ms; "
            f"took {took:7.1f} ms a galaxy ({took / limit:.2f} times the limit)"
        )
    print(f"what it sees is made in {1e3 * median(seconds['view']):.1f} ms")
    print(f"in bf16 {1e3 * median(seconds['bf16']):.1f} ms; {compared(found(ours), found(fewer))}")
    ratio = median(seconds["published"]) / median(seconds["ours"])
    bound = arithmetic["published"] / arithmetic["ours"]
    print(
        f"ratio {ratio:.0f} (target {TARGET:.0f}); {bound:.0f} if time went by arithmetic alone; "
        f"median of {ROUNDS} rounds in turn"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
