"""A training of seconds on toy images, without a recipe: what its tests share."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from clumpscope.config.train import AugmentConfig, TrainConfig
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.detector.training.fit import Place
from clumpscope.detector.training.watch import Watch
from networks import CROP

BOX = np.array([[10.0, 12.0, 20.0, 22.0]])
STILL = AugmentConfig(flips=False)


def somewhere() -> Place:
    """A new place in the test's own folder."""
    folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
    return Place(folder, folder / "state")


def images(*labels: int | None) -> TrainingSet:
    """One image a label; None is an image without a label."""
    rng = np.random.default_rng(0)
    items = [
        Labelled(
            rng.integers(0, 255, (3, CROP, CROP), dtype=np.uint8),
            BOX[: label is not None],
            np.array([] if label is None else [label], np.int64),
            np.ones(int(label is not None)),
        )
        for label in labels
    ]
    return TrainingSet.filled(items)


def config_of(**changes) -> TrainConfig:
    settings = {
        "epochs": 2,
        "batch_size": 2,
        "checkpoint_steps": 1,
        "max_learning_rate": 1e-9,
        "augment": STILL,
    }
    return TrainConfig(**{**settings, **changes})


class Diary:
    """All that a training told."""

    def __init__(self):
        self.reported, self.saved, self.steps, self.broken = [], [], [], []
        self.watch = Watch(
            lambda _, metrics: self.reported.append(
                {name: value for name, value in metrics.items() if name != "minutes"}
            ),
            lambda _, metrics: self.saved.append(metrics),
            lambda *step: self.steps.append(step),
            self.keep,
        )

    def keep(self, *batch):
        self.broken.append(batch)
        return "a safe place"


def whole(data: TrainingSet, augment=None, seed=0) -> ViewDataset:
    return ViewDataset(data, np.arange(len(data)), augment, seed)


class Toy(torch.nn.Module):
    """Not Faster R-CNN: in training it draws at random and keeps statistics; it finds one box."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Dropout(0.3)
        )

    def forward(self, batch, targets=None):
        light = self.layers(torch.stack(batch)).mean(dim=(2, 3))
        if self.training:
            boxes = torch.tensor([float(len(one["boxes"])) for one in targets])
            draw = torch.rand(())
            return {"one": (light.sum(1) - boxes).square().mean(), "two": draw * light.std()}
        scores = light.detach().sigmoid()
        return [
            {
                "boxes": torch.from_numpy(BOX).float() + (1 - score[0]),
                "labels": torch.tensor([1]),
                "scores": score[:1],
                "probabilities": score[:3],
            }
            for score in scores
        ]
