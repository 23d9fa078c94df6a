"""Small networks with numbers that matter, and torchvision's own beside them."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.ops import FrozenBatchNorm2d

from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import Composite
from clumpscope.core.frames import PixelFrame
from clumpscope.detector.network import build
from clumpscope.models.spec import DetectorSpec, Native

CROP = 64
SMALL = CompositeConfig(size=2 * CROP, crop=CROP)


def native_spec(**changes) -> DetectorSpec:
    """A native detector that looks at 64 px in a few milliseconds."""
    values = {
        "name": "tiny",
        "architecture": Native(encoder="resnet10t", channels=16, head=16, proposals=20),
        "composite": SMALL,
        "mean": (0.1, 0.1, 0.1),
        "std": (0.2, 0.2, 0.2),
    }
    return DetectorSpec(**{**values, **changes})


def native_network(spec: DetectorSpec | None = None, seed: int = 0) -> FasterRCNN:
    torch.manual_seed(seed)
    return randomised(build(native_spec() if spec is None else spec), seed, 0.8)


def torchvision_network(
    min_size: int = 128, seed: int = 0, norm_layer: type[nn.Module] = FrozenBatchNorm2d
) -> FasterRCNN:
    """What the authors trained, of torchvision's parts alone."""
    torch.manual_seed(seed)
    trunk = resnet50(weights=None, norm_layer=norm_layer)
    backbone = _resnet_fpn_extractor(trunk, trainable_layers=3)
    network = FasterRCNN(backbone, num_classes=3, min_size=min_size, max_size=1333)
    return randomised(network, seed, 0.68)


def randomised(network: FasterRCNN, seed: int, scale: float) -> FasterRCNN:
    """Give every number a say: batch statistics, and heads that see differences.

    ``scale`` of the batch-norms keeps the features near 1 through the depth of the network.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: Tensor, mean: float, width: float) -> None:
        tensor.copy_(mean + width * torch.randn(tensor.shape, generator=generator))

    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d | FrozenBatchNorm2d):
                normal(module.weight, scale, 0.15)
                normal(module.bias, 0.0, 0.2)
                normal(module.running_mean, 0.0, 0.2)
                normal(module.running_var, 1.0, 0.15)
        heads = network.roi_heads
        gains = {
            network.rpn.head.cls_logits: 5.0,
            network.rpn.head.bbox_pred: 0.5,
            heads.box_head.fc6: 2.0,
            heads.box_head.fc7: 2.0,
            heads.box_predictor.cls_score: 4.0,
            heads.box_predictor.bbox_pred: 2.0,
        }
        for layer, gain in gains.items():
            normal(layer.weight, 0.0, gain / layer.weight[0].numel() ** 0.5)
            normal(layer.bias, 0.0, 0.1)
    return network.eval()


def picture(seed: int = 0, size: int = CROP) -> Tensor:
    """(3, size, size) of blobs on noise, in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:size, :size]
    pixels = rng.uniform(0, 0.2, (3, size, size))
    for x, y, width, *colour in rng.uniform(0, 1, (6, 6)):
        distance2 = (cols - x * size) ** 2 + (rows - y * size) ** 2
        blob = np.exp(-distance2 / (2 * (2 + 4 * width) ** 2))
        pixels += np.reshape(colour, (3, 1, 1)) * blob
    return torch.from_numpy(np.clip(pixels, 0, 1).astype(np.float32))


def composites(count: int, config: CompositeConfig = SMALL) -> list[Composite]:
    frame = PixelFrame.centred((100, 100), config.size, config.crop)
    return [
        Composite(f"g{k}", picture(k, config.crop).numpy(), config, frame) for k in range(count)
    ]


def save_checkpoint(path: Path, network: nn.Module) -> Path:
    """As the authors saved theirs: the state of a ``DataParallel``."""
    torch.save(nn.DataParallel(network).state_dict(), path)
    return path


def thin(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same names and shapes in a file of a few kilobytes: one number a tensor."""
    return {key: torch.zeros(()).expand(tensor.shape) for key, tensor in tensors.items()}
