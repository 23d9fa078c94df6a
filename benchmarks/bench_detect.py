"""Milliseconds a galaxy on one core: our detector against the published configuration.

Both look at the same 200 px composites, in float32, in turn. The published one is torchvision's
Faster R-CNN with ResNet-50, which enlarges them to 800 px, one at a time; ours is the shipped
model (or its recipe with random weights, where none is installed) in batches of 16. Run alone:
``OMP_NUM_THREADS=1 python benchmarks/bench_detect.py``.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.detection import fasterrcnn_resnet50_fpn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from clumpscope.config.run import DetectConfig
from clumpscope.detector.network import build
from clumpscope.detector.predict import Detector, single_thread
from clumpscope.errors import ModelError
from clumpscope.models.registry import find_model
from clumpscope.models.spec import DetectorSpec, Native
from networks import composites

ROUNDS = 7
TARGET = 50.0


def detector() -> Detector:
    """The shipped model, else one of the same shape."""
    floor = DetectConfig().score_floor
    try:
        return Detector.load(find_model(None), floor)
    except ModelError:
        spec = DetectorSpec(name="random", architecture=Native())
        return Detector(spec, build(spec), floor)


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


def main() -> None:
    """State the arithmetic limit, then time both in turn."""
    single_thread()
    ours = detector()
    batch = composites(DetectConfig().batch_size, ours.spec.composite)
    theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3).eval()
    image = torch.from_numpy(batch[0].pixels)

    def published() -> object:
        with torch.inference_mode():
            return theirs([image])

    def native() -> object:
        return ours.detect(batch)

    work = {"published": published, "native": native}
    galaxies = {"published": 1, "native": len(batch)}
    arithmetic = {name: gflop(one) / galaxies[name] for name, one in work.items()}
    rates, seconds = [], {name: [] for name in work}
    for _ in range(ROUNDS):
        rates.append(peak())
        for name, one in work.items():
            seconds[name].append(timed(one) / galaxies[name])
    best = max(rates)
    print(f"model {ours.spec.name}, {torch.get_num_threads()} thread, {best:.0f} GFLOP/s at best")
    for name, values in seconds.items():
        limit, found = 1e3 * arithmetic[name] / best, 1e3 * median(values)
        print(
            f"{name:9s} {arithmetic[name]:7.2f} GFLOP, at least {limit:7.1f} ms; "
            f"took {found:7.1f} ms a galaxy ({found / limit:.2f} times the limit)"
        )
    ratio = median(seconds["published"]) / median(seconds["native"])
    bound = arithmetic["published"] / arithmetic["native"]
    print(
        f"ratio {ratio:.0f} (target {TARGET:.0f}); {bound:.0f} if time went by arithmetic alone; "
        f"median of {ROUNDS} rounds in turn"
    )


if __name__ == "__main__":
    main()
