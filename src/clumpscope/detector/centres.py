"""A detector without boxes to choose from: a map of centre points (Zhou et al. 2019, CenterNet).

A clump is a PSF: its box says nothing that its place does not. Each cell of the finest level says
how likely it holds a centre, of which kind, where in the cell, and the side of its box.
"""

from collections.abc import Sequence
from itertools import product
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional

from clumpscope.config.train import DetectorConfig
from clumpscope.core.boxes import Label
from clumpscope.detector.backbones import encoder_of
from clumpscope.detector.precision import in_precision

_PRIOR = 0.01  # of a cell to hold a centre, before training
_TO_PEAK = 2.0  # exponents of the loss: of how wrong a cell is, ...
_TO_RIM = 4.0  # ... and of how near a centre it lies (both as in the paper)
_WIDTH = 0.25  # sigma of a centre's bump, of its box's side
_KIND, _OFFSET, _SIDE = 0.5, 1.0, 0.1  # weights of the other losses
_SMOOTHINGS = 2  # 3 x 3 convolutions at the finest level, before the map
_SEEN = 1e-4  # keeps logarithms finite
# Mirrored on x, on y, transposed: all eight, such that the first n are a group.
_ORIENTATIONS = tuple((x, y, turn) for turn, y, x in product((False, True), repeat=3))


class CentreNet(nn.Module):
    """Encoder, a pyramid down to its finest level, and a map of centres.

    ``side_px`` is a usual box's side, ``mean`` and ``std`` normalise each channel, if given.
    In training it takes (C, H, W) images and targets (``boxes`` (n, 4), ``labels`` (n,)) and gives
    losses; otherwise a dictionary an image: ``boxes`` (n, 4) in its pixels, edge convention,
    ``labels``, ``scores``, which are the chance to be a clump of either kind, and
    ``probabilities`` (n, 3), best score first. Each image is searched in ``orientations`` (1, 2, 4
    or 8): as it is, mirrored on x, then y as well, then transposed as well.
    """

    def __init__(
        self,
        config: DetectorConfig,
        side_px: float,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        channels_in: int = 3,
    ) -> None:
        super().__init__()
        self.encoder, widths = encoder_of(config, channels_in)
        self.stride, self.pad_to = config.strides[0], config.pad_to
        self.side, self.most, self.score_floor = side_px, config.proposals, 0.05
        self.orientations = 1  # to search in
        self.precision = torch.float32
        self.mean, self.std = tuple(mean), tuple(std)
        self.lateral = nn.ModuleList(nn.Conv2d(width, config.channels, 1) for width in widths)
        self.smooth = nn.Sequential(*(_smoothing(config.channels) for _ in range(_SMOOTHINGS)))
        self.head = nn.Conv2d(config.channels, 5, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        if self.head.bias is not None:
            with torch.no_grad():
                self.head.bias.copy_(torch.tensor([log(_PRIOR / (1 - _PRIOR)), 0, 0, 0, 0]))

    def forward(
        self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Losses in training, detections otherwise."""
        batch = self.batch(images)
        if self.training:
            if targets is None:
                raise ValueError("training needs targets")
            return self._losses(self.maps(batch), targets)
        turned = _ORIENTATIONS[: self.orientations]
        maps = torch.stack([_back(self.maps(_turned(batch, one)), one) for one in turned]).mean(0)
        shapes = [(int(image.shape[-2]), int(image.shape[-1])) for image in images]
        return self._found(maps, shapes)

    def batch(self, images: list[Tensor]) -> Tensor:
        """(B, C, H, W) that the encoder is shown of images: scaled and padded."""
        return _padded([self._normal(image) for image in images], self.pad_to)

    def _normal(self, image: Tensor) -> Tensor:
        if not self.mean:
            return image
        mean, std = image.new_tensor(self.mean), image.new_tensor(self.std)
        return (image - mean[:, None, None]) / std[:, None, None]

    def maps(self, batch: Tensor) -> Tensor:
        """(B, 5, h, w) at the finest stride: centre, kind (logits), offset x and y, ln side."""
        with in_precision(self.precision, batch.device):
            levels = self.encoder(batch)
            laterals = [layer(level) for layer, level in zip(self.lateral, levels, strict=True)]
            top = laterals[-1]
            for finer in laterals[-2::-1]:
                top = finer + functional.interpolate(top, size=finer.shape[-2:], mode="nearest")
            found: Tensor = self.head(self.smooth(top))
        return found

    def _losses(self, maps: Tensor, targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        height, width = maps.shape[-2:]
        wanted = torch.zeros_like(maps[:, 0])
        cells, kinds, rests, sides = [], [], [], []
        for number, target in enumerate(targets):
            boxes = target["boxes"]
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / self.stride
            side = (boxes[:, 2:] - boxes[:, :2]).mean(dim=1)
            cell = centres.floor().long()
            inside = ((cell >= 0) & (cell < cell.new_tensor([width, height]))).all(dim=1)
            cell, centres, side = cell[inside], centres[inside], side[inside]
            bump = _bumps(cell, _WIDTH * side / self.stride, height, width)
            wanted[number] = bump.amax(dim=0) if len(cell) else wanted[number]
            cells.append(torch.cat([cell.new_full((len(cell), 1), number), cell], dim=1))
            kinds.append((target["labels"][inside] == Label.ODD).to(maps.dtype))
            rests.append(centres - cell - 0.5)
            sides.append(torch.log(side / self.side))
        image, col, row = torch.cat(cells).unbind(dim=1)
        at = maps[image, :, row, col]
        number = max(1, len(at))
        return {
            "loss_centre": _focal(maps[:, 0], wanted) / number,
            "loss_kind": _KIND
            * functional.binary_cross_entropy_with_logits(
                at[:, 1], torch.cat(kinds), reduction="sum"
            )
            / number,
            "loss_offset": _OFFSET * (at[:, 2:4] - torch.cat(rests)).abs().sum() / number,
            "loss_side": _SIDE * (at[:, 4] - torch.cat(sides)).abs().sum() / number,
        }

    def _found(self, maps: Tensor, shapes: list[tuple[int, int]]) -> list[dict[str, Tensor]]:
        """Peaks of the map of centres: cells that no neighbour outdoes."""
        scores = maps[:, 0].float().sigmoid()
        peaks = scores == functional.max_pool2d(scores[:, None], 3, stride=1, padding=1)[:, 0]
        scores = scores * peaks
        found = []
        for number, (height, width) in enumerate(shapes):
            rows, cols = -(-height // self.stride), -(-width // self.stride)
            mine = scores[number, :rows, :cols]
            best, index = mine.flatten().topk(min(self.most, mine.numel()))
            index, best = index[best > self.score_floor], best[best > self.score_floor]
            row, col = torch.div(index, cols, rounding_mode="floor"), index % cols
            _, kind, dx, dy, side = maps[number, :, row, col].float().unbind()
            odd = kind.sigmoid()
            half = self.side * side.clamp(-2, 2).exp() / 2
            x = ((col + 0.5 + dx.clamp(-1, 1)) * self.stride).clamp(0, width)
            y = ((row + 0.5 + dy.clamp(-1, 1)) * self.stride).clamp(0, height)
            found.append(
                {
                    "boxes": torch.stack([x - half, y - half, x + half, y + half], dim=1),
                    "labels": torch.where(odd > 1 / 2, int(Label.ODD), int(Label.CLUMP)),
                    "scores": best,
                    "probabilities": torch.stack([1 - best, best * (1 - odd), best * odd], dim=1),
                }
            )
        return found


def _smoothing(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )


def _turned(batch: Tensor, orientation: tuple[bool, bool, bool]) -> Tensor:
    """Mirror planes (..., H, W) on x, on y, then transpose them, each if asked for."""
    mirror_x, mirror_y, transpose = orientation
    axes = [axis for axis, mirrored in ((-1, mirror_x), (-2, mirror_y)) if mirrored]
    batch = batch.flip(axes) if axes else batch
    return batch.transpose(-1, -2) if transpose else batch


def _back(maps: Tensor, orientation: tuple[bool, bool, bool]) -> Tensor:
    """Maps (B, 5, h, w) of a turned image as those of the image; offsets turn with it."""
    mirror_x, mirror_y, transpose = orientation
    if transpose:
        maps = maps.transpose(-1, -2)[:, [0, 1, 3, 2, 4]]
    signs = maps.new_tensor([1, 1, -1 if mirror_x else 1, -1 if mirror_y else 1, 1])
    return _turned(maps, (mirror_x, mirror_y, False)) * signs[:, None, None]


def _padded(images: list[Tensor], multiple: int) -> Tensor:
    """Images as one batch, zeros to the right and below, sides a multiple."""
    height, width = (
        -(-max(int(image.shape[axis]) for image in images) // multiple) * multiple
        for axis in (-2, -1)
    )
    batch = images[0].new_zeros(len(images), images[0].shape[0], height, width)
    for place, image in zip(batch, images, strict=True):
        place[:, : image.shape[1], : image.shape[2]] = image
    return batch.contiguous(memory_format=torch.channels_last)


def _bumps(cell: Tensor, sigma: Tensor, height: int, width: int) -> Tensor:
    """(n, h, w) Gaussians of height 1 about cells (n, 2) x, y."""
    x = torch.arange(width, device=cell.device) - cell[:, :1]
    y = torch.arange(height, device=cell.device) - cell[:, 1:]
    narrow = 2 * sigma[:, None].clamp(min=0.1) ** 2
    return torch.exp(-(y**2) / narrow)[:, :, None] * torch.exp(-(x**2) / narrow)[:, None]


def _focal(logits: Tensor, wanted: Tensor) -> Tensor:
    """Penalty-reduced focal loss (Law & Deng 2018, eq. 1), summed over cells."""
    chance = logits.float().sigmoid().clamp(_SEEN, 1 - _SEEN)
    centre = wanted == 1
    right = -((1 - chance) ** _TO_PEAK) * chance.log()
    wrong = -((1 - wanted) ** _TO_RIM) * chance**_TO_PEAK * (1 - chance).log()
    return torch.where(centre, right, wrong).sum()
