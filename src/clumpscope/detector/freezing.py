"""Parts of an encoder that do not learn."""

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

# What ends each block of torchvision's ResNet: the stem, then four.
_RESNET = ("relu", "layer1", "layer2", "layer3", "layer4")
_NORMS = (nn.modules.batchnorm._BatchNorm, FrozenBatchNorm2d)


def block_ends(encoder: nn.Module) -> tuple[str, ...]:
    """Names of the modules that end the blocks of an encoder, from its input to its output.

    Those that timm takes features from, up to the last one used, or torchvision's of a ResNet.
    """
    told = getattr(encoder, "feature_info", None)
    if told is None:
        return _RESNET
    ends = [str(level["module"]) for level in told.info]
    return tuple(ends[: max(told.out_indices) + 1])


def blocks(encoder: nn.Module, ends: Sequence[str]) -> list[list[nn.Parameter]]:
    """The parameters of each block of an encoder, from its input on.

    A block begins where the one before it ends; what lies beyond the last end is in none.
    """
    modules = list(encoder.named_modules())
    found: list[list[nn.Parameter]] = []
    begin = 0
    for end in ends:
        stop = 1 + max(k for k, (name, _) in enumerate(modules) if _within(name, end))
        found.append([one for _, module in modules[begin:stop] for one in module.parameters(False)])
        begin = stop
    return found


def _within(name: str, end: str) -> bool:
    """Whether a module is another or a part of it; timm may join names by underscores."""
    return f"{name}.".replace(".", "_").startswith(f"{end}.".replace(".", "_"))


def freeze(encoder: nn.Module, learning: int) -> None:
    """Let only the last blocks of an encoder learn.

    As in torchvision's detectors, all its batch-norms are frozen then, in every block: neither
    their statistics nor their weights change.

    Parameters
    ----------
    learning
        How many blocks learn, counted from the output; 0 freezes the whole encoder.
    """
    parts = blocks(encoder, block_ends(encoder))
    encoder.requires_grad_(False)
    for part in parts[max(0, len(parts) - learning) :]:
        for parameter in part:
            parameter.requires_grad_(True)
    for module in encoder.modules():
        if isinstance(module, _NORMS):
            module.requires_grad_(False)
            # ``train()`` of the network would wake it before every epoch.
            module.register_forward_pre_hook(_asleep)


def _asleep(module: nn.Module, _inputs: tuple[Tensor, ...]) -> None:
    module.eval()
