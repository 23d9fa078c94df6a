"""Encoders with a feature pyramid."""

from collections import OrderedDict

import timm
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

from clumpscope.config import DetectorConfig
from clumpscope.errors import ModelError, expected_got


class PyramidBackbone(nn.Module):
    """A timm encoder whose levels of the wanted strides feed an FPN.

    ``forward`` takes (B, 3, H, W) and gives one (B, channels, H/s, W/s) map a stride s.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.encoder = _encoder(config)
        widths = self.encoder.feature_info.channels()
        self.fpn = FeaturePyramidNetwork(widths, config.channels)
        self.out_channels = config.channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Feature maps by level, finest first."""
        levels = OrderedDict(
            (str(level), features) for level, features in enumerate(self.encoder(images))
        )
        pyramid: dict[str, Tensor] = self.fpn(levels)
        return pyramid


def _encoder(config: DetectorConfig) -> nn.Module:
    """The encoder cut to the levels whose reduction is wanted; without weights.

    Raises
    ------
    ModelError
        If timm has no such encoder or it has no level of a wanted stride.
    """
    if not timm.is_model(config.encoder):
        raise ModelError(expected_got("detector.encoder", "a timm model", config.encoder))
    probe = timm.create_model(config.encoder, features_only=True, pretrained=False)
    strides = list(probe.feature_info.reduction())
    missing = set(config.strides) - set(strides)
    if missing:
        raise ModelError(
            expected_got(f"{config.encoder} strides", f"among {strides}", sorted(missing))
        )
    indices = tuple(strides.index(stride) for stride in config.strides)
    encoder: nn.Module = timm.create_model(
        config.encoder, features_only=True, out_indices=indices, pretrained=False
    )
    return encoder
