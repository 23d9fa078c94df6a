"""How composites of [0, 1] are shifted and scaled for weights of each source."""

import timm

from clumpscope.config.train import Normalisation
from clumpscope.detector.starts.layouts import Layout
from clumpscope.errors import ModelError, did_you_mean, expected_got
from clumpscope.models.encoder import read_card
from clumpscope.models.header import read_header
from clumpscope.models.spec import IMAGENET_MEAN, IMAGENET_STD
from clumpscope.models.starts import Source, Start, repository

Three = tuple[float, float, float]
Scaling = tuple[Three, Three]  # mean, standard deviation

IMAGENET: Scaling = (IMAGENET_MEAN, IMAGENET_STD)
HALF: Scaling = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
UNIT: Scaling = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

_CHOSEN = {"imagenet": IMAGENET, "half": HALF, "unit": UNIT}
_RANDOM: Scaling = ((0.1, 0.1, 0.1), (0.2, 0.2, 0.2))  # of composites, nearly
_ZOOBOT = "mwalmsley/zoobot-encoder"
# The authors' detectors saw ImageNet's over all their weights.
_BY_LAYOUT = {Layout.LITE: HALF, Layout.LIGHTNING: UNIT, Layout.DETECTOR: IMAGENET}


def chosen(wanted: Normalisation) -> Scaling:
    """Mean and standard deviation that a recipe wants for random weights."""
    return _CHOSEN.get(wanted, _RANDOM)


def scaling_of(start: Start, layout: Layout, wanted: Normalisation) -> Scaling:
    """Mean and standard deviation for an encoder's weights.

    A recipe may choose them. Otherwise they are those of the source: ImageNet's for
    torchvision, timm's own for its models, none for Zoobot (which learned from [0, 1]), 0.5 and
    0.5 for EfficientNet-Lite, what it says of itself for a file of ours.

    Raises
    ------
    ModelError
        If neither the recipe nor the source says it: timm's, torchvision's and Zoobot's
        encoders have the same keys.
    """
    if wanted != "start":
        return _CHOSEN[wanted]
    told = _by_source(start) or _BY_LAYOUT.get(layout)
    if told is None:
        raise ModelError(
            expected_got(
                f"normalisation of {start.path}",
                f"train.normalisation = one of {', '.join(map(repr, _CHOSEN))}",
                "keys that do not tell whose weights they are",
            )
        )
    return told


def _by_source(start: Start) -> Scaling | None:
    """What is known of a source, or what a file says of itself."""
    if start.source is Source.TORCHVISION:
        return IMAGENET
    if start.source is Source.MODEL:
        spec = read_header(start.path).spec
        return spec.mean, spec.std
    if start.source in (Source.HUB, Source.TIMM):
        name = repository(start.text)
        if name.startswith("timm/"):
            return _of_timm(name.removeprefix("timm/"))
        return UNIT if name.startswith(_ZOOBOT) else None
    card = read_card(start.path) if start.path.suffix == ".safetensors" else None
    return None if card is None else (card.mean, card.std)


def _of_timm(name: str) -> Scaling:
    config = timm.models.get_pretrained_cfg(name) if timm.models.is_model_pretrained(name) else None
    if config is None:
        close = did_you_mean(name, timm.list_pretrained())
        raise ModelError(expected_got("weights", "a name and tag that timm knows", name, close))
    (a, b, c), (d, e, f) = config.mean, config.std
    return (a, b, c), (d, e, f)
