"""How those who save encoders name their tensors, and timm's names for them.

=====================  =====================================  =================================
layout                 an encoder's keys                      others that are left out
=====================  =====================================  =================================
timm                   timm's own; torchvision's ResNet-50    the classifier (``fc.``)
                       has the same
Zoobot, Lightning      ``encoder.`` + timm's                  ``head.``
EfficientNet-Lite      ``_conv_stem.``, ``_blocks.``, …       ``_fc.``
torchvision's          ``backbone.body.`` + timm's            ``backbone.fpn.``, ``rpn.``,
Faster R-CNN                                                  ``roi_heads.``
detectors of ours      ``backbone.encoder.`` + timm's, the    the same
                       levels that they use
with centres           ``encoder.`` + the same                ``lateral.``, ``smooth.``,
                                                              ``head.``
=====================  =====================================  =================================

A prefix ``module.`` of all keys (``DataParallel``) counts for nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import timm
from torch import Tensor

from clumpscope.detector.checkpoints import named_tensors
from clumpscope.errors import ModelError, expected_got


class Layout(StrEnum):
    """Whose names the tensors have."""

    TIMM = "timm or torchvision"
    LIGHTNING = "Zoobot's Lightning checkpoint"
    LITE = "EfficientNet-Lite"
    DETECTOR = "torchvision's Faster R-CNN"
    NATIVE = "detector of ours"
    CENTRES = "detector of ours, with centres"


# What begins an encoder's keys, and the keys that may stand beside them.
_DETECTOR = ("backbone.fpn.", "rpn.", "roi_heads.")
_PREFIXES = {
    Layout.CENTRES: ("encoder.", ("lateral.", "smooth.", "head.")),
    Layout.LIGHTNING: ("encoder.", ("head.",)),
    Layout.DETECTOR: ("backbone.body.", _DETECTOR),
    Layout.NATIVE: ("backbone.encoder.", _DETECTOR),
}
_LITE_STEM = "_conv_stem.weight"
_COUNTER = ".num_batches_tracked"
_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(\w+)\.(.+)")
# timm's names of a block's parts → EfficientNet-Lite's; the second kind widens first.
_SEPARABLE = {
    "conv_dw": "_depthwise_conv",
    "bn1": "_bn1",
    "conv_pw": "_project_conv",
    "bn2": "_bn2",
}
_INVERTED = {
    "conv_pw": "_expand_conv",
    "bn1": "_bn0",
    "conv_dw": "_depthwise_conv",
    "bn2": "_bn1",
    "conv_pwl": "_project_conv",
    "bn3": "_bn2",
}
_AROUND = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}


@dataclass(frozen=True)
class Found:
    """An encoder's tensors by timm's names, as far as a rule gives them, and whose they were."""

    layout: Layout
    tensors: dict[str, Tensor]


def recognised(
    content: Mapping[Any, object], encoder: str, wanted: Mapping[str, Tensor], what: str
) -> Found:
    """Tell a layout by its keys, and give an encoder's tensors timm's names.

    A key that no rule covers keeps its name, so that it is refused by it afterwards.

    Parameters
    ----------
    content
        What a file held: named tensors, or a dictionary with them under ``state_dict``.
    encoder
        Name of the encoder in timm.
    wanted
        Its tensors by timm's names, without the classifier.
    what
        The file, for messages.

    Raises
    ------
    ModelError
        If something else than a named tensor is among them, or a key is that of no layout.
    """
    inner = content.get("state_dict")
    given = named_tensors(inner if isinstance(inner, Mapping) else content, what)
    if given and all(key.startswith("module.") for key in given):
        given = {key.removeprefix("module."): tensor for key, tensor in given.items()}
    for layout, (prefix, beside) in _PREFIXES.items():
        mine = "lateral." if layout is Layout.CENTRES else prefix
        if any(key.startswith(mine) for key in given):
            return Found(layout, _inside(given, prefix, beside, f"{what} ({layout})"))
    if _LITE_STEM in given or any(key.startswith("_blocks.") for key in given):
        names = lite_names(wanted)
        kept = _without(given, ("_fc.",))
        return Found(Layout.LITE, {names.get(key, key): one for key, one in kept.items()})
    heads = classifiers(encoder)
    return Found(Layout.TIMM, _without(given, tuple(f"{head}." for head in heads)))


def _inside(
    given: Mapping[str, Tensor], prefix: str, beside: tuple[str, ...], what: str
) -> dict[str, Tensor]:
    """Those of a prefix, without it."""
    strange = [key for key in given if not key.startswith((prefix, *beside))]
    if strange:
        known = ", ".join((prefix, *beside))
        raise ModelError(expected_got(f"{what}, keys", f"all with {known}", strange[:3]))
    return {
        key.removeprefix(prefix): tensor for key, tensor in given.items() if key.startswith(prefix)
    }


def _without(given: Mapping[str, Tensor], heads: tuple[str, ...]) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in given.items() if not key.startswith(heads)}


def classifiers(encoder: str) -> tuple[str, ...]:
    """The modules that are an encoder's classifier in timm."""
    config = timm.models.get_pretrained_cfg(encoder)
    named = config.classifier if config is not None else None
    return (named,) if isinstance(named, str) else tuple(named or ())


def lite_names(wanted: Mapping[str, Tensor]) -> dict[str, str]:
    """EfficientNet-Lite's names of the tensors of one of timm's → timm's.

    timm counts blocks within stages, EfficientNet-Lite through all of them; a block without
    widening has its batch-norms numbered as if there had been one before.
    """
    places = sorted(
        {(int(found[1]), int(found[2])) for key in wanted if (found := _BLOCK.fullmatch(key))}
    )
    names = {}
    for key in wanted:
        if found := _BLOCK.fullmatch(key):
            stage, block, part, rest = found.groups()
            inverted = f"blocks.{stage}.{block}.conv_pwl.weight" in wanted
            part = (_INVERTED if inverted else _SEPARABLE).get(part, part)
            names[f"_blocks.{places.index((int(stage), int(block)))}.{part}.{rest}"] = key
        else:
            part, _, rest = key.partition(".")
            names[f"{_AROUND.get(part, part)}.{rest}"] = key
    return names


def counters(wanted: Mapping[str, Tensor]) -> list[str]:
    """Keys that only count the batches which a batch-norm saw: frozen ones are without."""
    return [key for key in wanted if key.endswith(_COUNTER)]
