"""Memory of a step, by what torch keeps for gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from clumpscope.config.train import TrainConfig
from clumpscope.detector.training import estimate as module
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.estimate import Estimate, estimate
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.errors import TrainingError


class Squares(nn.Module):
    """Keeps for gradients nothing but a million numbers an image, 4 MB."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1000))
        self.still = nn.Parameter(torch.ones(50), requires_grad=False)

    def forward(self, images, targets=None):
        light = self.weight.expand(len(images), 1000, 1000).exp()
        return {"loss": light.sum()}


def test_memory_is_what_is_kept_for_gradients(monkeypatch):
    monkeypatch.setattr(module, "free_bytes", lambda _: 4 * 4 * 1000 + 10_000_000)
    black = np.zeros((3, 8, 8), np.uint8)
    item = Labelled(black, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))
    data = ViewDataset(TrainingSet.filled([item] * 4), np.arange(4), None, 0)
    found = estimate(Squares(), data, TrainConfig(batch_size=3))
    assert (found.parameters, found.trainable) == (1050, 1000)
    assert found.fixed_bytes == 4 * (1050 + 3 * 1000)
    assert found.image_bytes == pytest.approx(4_000_000, rel=0.01)
    assert found.fitting == 2
    with pytest.raises(TrainingError, match="for batch_size 3; batch_size 2 would fit"):
        found.check(1)


def test_time_counts_images_epochs_and_devices():
    one = Estimate(1, 1, 1, 1, 1, 0.5, 8)
    assert one.minutes(90, 45, TrainConfig(epochs=2)) == pytest.approx(2)
    assert one.minutes(90, 45, TrainConfig(epochs=2, devices=2)) == pytest.approx(1)
