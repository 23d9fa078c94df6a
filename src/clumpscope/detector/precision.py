"""Networks whose convolutions are computed in fewer digits."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}


def in_precision(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[object]:
    """Compute convolutions and matrix products inside in these numbers; float32: as they come."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


class InPrecision(nn.Module):
    """A backbone computed in these numbers, whose maps are float32."""

    def __init__(self, backbone: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.backbone, self.dtype = backbone, dtype

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Feature maps by level."""
        with in_precision(self.dtype, images.device):
            maps = self.backbone(images)
        return {name: level.float() for name, level in maps.items()}
