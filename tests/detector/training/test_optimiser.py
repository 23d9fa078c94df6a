"""Optimisers and learning rates, against closed forms."""

import math

import pytest
import torch
from torch import nn

from clumpscope.config.train import TrainConfig
from clumpscope.detector.training.optimiser import optimiser


def rates(config: TrainConfig, steps: int) -> list[float]:
    """The learning rate of each step."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer, schedule = optimiser([weight], config, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        weight.grad = torch.zeros(1)
        optimizer.step()
        schedule.step()
    return found


def constant(**changes) -> TrainConfig:
    return TrainConfig(schedule="constant", max_learning_rate=1e-4, **changes)


@pytest.mark.parametrize(
    ("steps", "epochs", "warmup", "expected"),
    [(40, 2, 1000, 19), (40, 2, 5, 5), (3000, 2, 1000, 1000)],
)
def test_a_warm_up_is_linear_from_a_thousandth_within_the_first_epoch(
    steps, epochs, warmup, expected
):
    """torchvision's reference: min(1000, batches of an epoch - 1) steps."""
    found = rates(constant(epochs=epochs, warmup_steps=warmup), steps)
    share = [min(1.0, 1e-3 + (1 - 1e-3) * k / expected) for k in range(steps)]
    assert found == pytest.approx([1e-4 * one for one in share])


@pytest.mark.parametrize(("steps", "epochs", "warmup"), [(40, 2, 0), (5, 5, 1000)])
def test_without_a_warm_up_the_learning_rate_is_what_it_is(steps, epochs, warmup):
    found = rates(constant(epochs=epochs, warmup_steps=warmup), steps)
    assert found == pytest.approx([1e-4] * steps)


def test_one_cycle_rises_to_its_peak_and_falls():
    found = rates(TrainConfig(max_learning_rate=1e-3), 100)
    peak = found.index(max(found))
    assert max(found) == pytest.approx(1e-3)
    assert found[0] == pytest.approx(1e-3 / 25)
    assert found[:peak] == sorted(found[:peak])
    assert found[peak:] == sorted(found[peak:], reverse=True)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_first_step_is_that_of_the_formula(optimizer):
    """Its size is the learning rate; decay is in Adam's gradient, and beside AdamW's."""
    weight = nn.Parameter(torch.tensor([2.0]))
    config = constant(optimizer=optimizer, weight_decay=0.1, warmup_steps=0)
    one, _ = optimiser([weight], config, 10)
    weight.grad = torch.tensor([1e-3])
    one.step()
    gradient = 1e-3 + (0.2 if optimizer == "adam" else 0.0)
    decayed = 2.0 * (1 - (1e-4 * 0.1 if optimizer == "adamw" else 0.0))
    expected = decayed - 1e-4 * gradient / (math.sqrt(gradient**2) + 1e-8)
    assert float(weight.detach()) == pytest.approx(expected, abs=1e-7)


def test_what_is_frozen_is_not_decayed():
    weights = [nn.Parameter(torch.ones(1), requires_grad=bool(k)) for k in range(2)]
    one, _ = optimiser(weights, constant(), 10)
    assert [id(p) for group in one.param_groups for p in group["params"]] == [id(weights[1])]
