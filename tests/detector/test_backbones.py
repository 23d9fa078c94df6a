import pytest
import torch

from clumpscope.config.train import DetectorConfig
from clumpscope.detector.backbones import PyramidBackbone
from clumpscope.errors import ModelError


@pytest.mark.parametrize(
    ("encoder", "strides"),
    [
        ("resnet10t", (4, 8, 16)),
        ("resnet10t", (2, 8)),
        ("resnet10t", (32,)),
        ("mobilenetv3_small_050", (4, 8, 16)),
        ("convnext_atto", (4, 8)),
    ],
)
def test_one_map_a_stride(encoder, strides):
    config = DetectorConfig(
        encoder=encoder, strides=strides, anchors=(8.0,) * len(strides), channels=8
    )
    with torch.inference_mode():
        levels = PyramidBackbone(config).eval()(torch.rand(2, 3, 64, 96))
    assert list(levels) == [str(k) for k in range(len(strides))]
    shapes = [tuple(map_.shape) for map_ in levels.values()]
    assert shapes == [(2, 8, 64 // stride, 96 // stride) for stride in strides]


def test_what_is_not_used_is_not_kept():
    def size(strides):
        config = DetectorConfig(encoder="resnet10t", strides=strides, anchors=(8.0,) * len(strides))
        return sum(part.numel() for part in PyramidBackbone(config).encoder.parameters())

    assert size((4, 8)) < size((4, 8, 16)) < size((4, 8, 16, 32))


@pytest.mark.parametrize(
    ("encoder", "strides", "message"),
    [
        ("resnet999", (4,), r"detector\.encoder: expected a timm model, got resnet999"),
        ("resnet10t", (4, 64), r"resnet10t strides: expected among \[2, 4, .*, got \[64\]"),
        ("convnext_atto", (2, 4), r"got \[2\]"),
        ("resnet10t", (8, 4), r"detector\.strides: expected growing numbers"),
        ("resnet10t", (4, 4), r"detector\.strides: expected growing numbers"),
        ("sequencer2d_s", (14,), "sequencer2d_s: expected feature maps channels first, got last"),
    ],
)
def test_an_encoder_that_cannot_be(encoder, strides, message):
    config = DetectorConfig(encoder=encoder, strides=strides, anchors=(8.0,) * len(strides))
    with pytest.raises(ModelError, match=message):
        PyramidBackbone(config)
