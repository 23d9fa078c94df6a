"""An encoder's weights out of a file, checked key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor

from clumpscope.detector.checkpoints import check_kinds, read_checkpoint, read_safetensors
from clumpscope.detector.starts.bands import adapted
from clumpscope.detector.starts.layouts import Layout, counters, recognised
from clumpscope.detector.weights import check_numbers, check_tensors, shapes_of
from clumpscope.errors import ModelError, expected_got


@dataclass(frozen=True)
class EncoderWeights:
    """The tensors of an encoder by timm's names, and whose names they had in their file.

    Of a native detector only the levels that it uses.
    """

    layout: Layout
    tensors: dict[str, Tensor]

    def named_as(self, target: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
        """The tensors under the names that a network has for them.

        timm's feature extractors join names of modules by underscores (``stages_0`` for
        ``stages.0``); levels that they do not use are left out.

        Parameters
        ----------
        target
            The network's encoder, its first convolution for any number of bands.

        Raises
        ------
        ModelError
            If the weights lack a tensor of the target, or it has another shape.
        """
        mine = {_flat(key): tensor for key, tensor in self.tensors.items()}
        for key in counters(target):
            mine.setdefault(_flat(key), torch.tensor(0))
        missing = sorted(key for key in target if _flat(key) not in mine)
        if missing:
            got = f"{len(missing)} missing, such as {missing[:3]}"
            raise ModelError(expected_got(what, f"{len(target)} tensors", got))
        found = {key: mine[_flat(key)] for key in target}
        check_tensors(shapes_of(found), target, what)
        return found


def read_encoder(path: Path, encoder: str, *, channels: int = 3, bands: int = 3) -> EncoderWeights:
    """Read the weights of an encoder.

    Parameters
    ----------
    encoder
        Its name in timm.
    channels, bands
        That the network sees, and how many of the first of them are bands.

    Raises
    ------
    ModelError
        If the file cannot be read, a key or shape is not that of the encoder, or a number is
        not finite. The message names the tensor.
    """
    what = f"weights {path} as {encoder}"
    wanted = encoder_layout(encoder, channels)
    content: Mapping[Any, object]
    if path.suffix == ".safetensors":
        content = read_safetensors(path)
    else:
        content = read_checkpoint(path, lenient=True)
    found = recognised(content, encoder, wanted, what)
    given, needed = dict(found.tensors), dict(wanted)
    if found.layout in (Layout.NATIVE, Layout.CENTRES):
        # A detector holds the levels that it uses, under names joined by underscores.
        long = {_flat(key): key for key in wanted}
        given = {long.get(_flat(key), key): tensor for key, tensor in given.items()}
        needed = {key: tensor for key, tensor in wanted.items() if key in given}
    for key in counters(needed):
        given.setdefault(key, torch.tensor(0))
    for key in first_convolutions(encoder, wanted):
        if key in given and given[key].ndim == wanted[key].ndim:
            given[key] = adapted(given[key], channels, bands)
    check_tensors(shapes_of(given), needed, f"{what} ({found.layout})")
    counted = counters(given)
    real = {key: tensor for key, tensor in given.items() if key not in counted}
    check_kinds(real, what)
    check_numbers(real, what)
    whole = {key: given[key] for key in counted}
    return EncoderWeights(found.layout, {key: one.float() for key, one in real.items()} | whole)


def encoder_layout(encoder: str, channels: int = 3) -> dict[str, Tensor]:
    """Names and shapes of an encoder's tensors in timm, no classifier, without their numbers.

    Raises
    ------
    ModelError
        If timm has no such encoder.
    """
    if not timm.is_model(encoder):
        raise ModelError(expected_got("encoder", "a timm model", encoder))
    with torch.device("meta"):
        network = timm.create_model(encoder, pretrained=False, num_classes=0, in_chans=channels)
    tensors: dict[str, Tensor] = network.state_dict()
    return tensors


def first_convolutions(encoder: str, wanted: Mapping[str, Tensor]) -> list[str]:
    """Keys of the weights that an image enters by."""
    config = timm.models.get_pretrained_cfg(encoder)
    named = config.first_conv if config is not None else None
    names = (named,) if isinstance(named, str) else tuple(named or ())
    return [key for name in names if (key := f"{name}.weight") in wanted]


def _flat(key: str) -> str:
    return key.replace(".", "_")
