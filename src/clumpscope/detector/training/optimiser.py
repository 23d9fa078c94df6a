"""How a network's weights are changed, and how fast."""

from collections.abc import Iterable

from torch.nn import Parameter
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler, OneCycleLR

from clumpscope.config.train import TrainConfig

_FIRST = 1e-3  # share of the learning rate that a warm-up begins with


def optimiser(
    parameters: Iterable[Parameter], config: TrainConfig, steps: int
) -> tuple[Optimizer, LRScheduler]:
    """The optimizer of those parameters that learn, and its learning rate, a step at a time.

    A constant learning rate is warmed up as in torchvision's reference training of detectors:
    linearly from a thousandth, over ``warmup_steps`` but not beyond the first epoch.

    Parameters
    ----------
    steps
        Of the whole training.
    """
    kind = {"adamw": AdamW, "adam": Adam}[config.optimizer]
    optimizer = kind(
        [one for one in parameters if one.requires_grad],
        lr=config.max_learning_rate,
        weight_decay=config.weight_decay,
    )
    if config.schedule == "one-cycle":
        return optimizer, OneCycleLR(optimizer, config.max_learning_rate, total_steps=steps)
    warmup = min(config.warmup_steps, steps // config.epochs - 1)
    first = _FIRST if warmup > 0 else 1.0
    return optimizer, LinearLR(optimizer, first, total_iters=max(1, warmup))
