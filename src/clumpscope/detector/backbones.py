"""Encoders with a feature pyramid."""

from collections import OrderedDict

import timm
from timm.models import FeatureInfo
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork

from clumpscope.config.train import DetectorConfig
from clumpscope.errors import ModelError, expected_got


class PyramidBackbone(nn.Module):
    """A timm encoder whose levels of the wanted strides feed an FPN.

    ``forward`` takes (B, ``channels_in``, H, W) and gives a (B, channels, H/s, W/s) map a stride.
    """

    def __init__(self, config: DetectorConfig, channels_in: int = 3) -> None:
        super().__init__()
        self.encoder, widths = encoder_of(config, channels_in)
        self.fpn = FeaturePyramidNetwork(widths, config.channels)
        self.out_channels = config.channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Feature maps by level, finest first."""
        levels = OrderedDict(
            (str(level), features) for level, features in enumerate(self.encoder(images))
        )
        pyramid: dict[str, Tensor] = self.fpn(levels)
        return pyramid


def encoder_of(config: DetectorConfig, channels_in: int) -> tuple[nn.Module, list[int]]:
    """Make the encoder, cut to the levels whose reduction is wanted; its weights are random.

    Returns it and the channels of those levels.

    Raises
    ------
    ModelError
        If timm has no such encoder, its feature maps have channels last, it has no level of a
        wanted stride, or the strides do not grow.
    """
    if not timm.is_model(config.encoder):
        raise ModelError(expected_got("detector.encoder", "a timm model", config.encoder))
    probe = timm.create_model(config.encoder, features_only=True, pretrained=False)
    if getattr(probe, "output_fmt", "NCHW") == "NHWC":
        raise ModelError(expected_got(config.encoder, "feature maps channels first", "last"))
    if list(config.strides) != sorted(set(config.strides)):
        raise ModelError(expected_got("detector.strides", "growing numbers", config.strides))
    strides = list(_levels(probe).reduction())
    missing = set(config.strides) - set(strides)
    if missing:
        raise ModelError(
            expected_got(f"{config.encoder} strides", f"among {strides}", sorted(missing))
        )
    indices = tuple(strides.index(stride) for stride in config.strides)
    encoder: nn.Module = timm.create_model(
        config.encoder,
        features_only=True,
        out_indices=indices,
        pretrained=False,
        in_chans=channels_in,
    )
    return encoder, list(_levels(encoder).channels())


def _levels(encoder: nn.Module) -> FeatureInfo:
    """Return timm's account of an encoder's feature maps, which its types do not know of."""
    levels: FeatureInfo = getattr(encoder, "feature_info")  # noqa: B009
    return levels
