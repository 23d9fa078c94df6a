"""Faster R-CNN in its families, keeping each detection's full class probabilities."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.models.resnet import resnet50
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign, boxes
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from clumpscope.core.boxes import Label
from clumpscope.detector.backbones import PyramidBackbone
from clumpscope.models.spec import DetectorSpec, Native, Psf, Published

_RATIOS = (0.5, 1.0, 2.0)


class ClumpRoIHeads(RoIHeads):  # type: ignore[misc]  # torchvision has no types
    """torchvision's heads, with ``probabilities`` (N, K) beside boxes, labels and scores."""

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Losses in training, detections otherwise."""
        if self.training:
            result: tuple[list[dict[str, Tensor]], dict[str, Tensor]] = super().forward(
                features, proposals, image_shapes, targets
            )
            return result
        pooled = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        logits, regression = self.box_predictor(pooled)
        counts = [len(found) for found in proposals]
        decoded = self.box_coder.decode(regression, proposals).split(counts)
        probabilities = functional.softmax(logits, -1).split(counts)  # type: ignore[no-untyped-call]
        detections = [
            self._select(*one) for one in zip(decoded, probabilities, image_shapes, strict=True)
        ]
        return detections, {}

    def _select(
        self, decoded: Tensor, probabilities: Tensor, shape: tuple[int, int]
    ) -> dict[str, Tensor]:
        """Select an image's detections: each class of each proposal is a candidate of its own."""
        classes = probabilities.shape[1]
        found = boxes.clip_boxes_to_image(decoded, shape)[:, 1:].reshape(-1, 4)
        scores = probabilities[:, 1:].reshape(-1)
        labels = torch.arange(1, classes, device=scores.device).repeat(len(probabilities))
        source = torch.arange(len(probabilities), device=scores.device).repeat_interleave(
            classes - 1
        )
        keep = torch.where(scores > self.score_thresh)[0]
        keep = keep[boxes.remove_small_boxes(found[keep], min_size=1e-2)]
        kept = boxes.batched_nms(found[keep], scores[keep], labels[keep], self.nms_thresh)
        keep = keep[kept[: self.detections_per_img]]
        return {
            "boxes": found[keep],
            "labels": labels[keep],
            "scores": scores[keep],
            "probabilities": probabilities[source[keep]],
        }


class ClumpRCNN(FasterRCNN):  # type: ignore[misc]  # torchvision has no types
    """torchvision's network with `ClumpRoIHeads`; parameters are its own."""

    roi_heads: RoIHeads

    def __init__(self, backbone: nn.Module, **settings: object) -> None:
        super().__init__(backbone, **settings)
        self.roi_heads = _with_probabilities(self.roi_heads)

    def batch(self, images: list[Tensor]) -> Tensor:
        """(B, C, H, W) that the encoder is shown of images: scaled, resized and padded."""
        batched: Tensor = self.transform(images)[0].tensors
        return batched


def faster_rcnn(spec: DetectorSpec) -> ClumpRCNN:
    """Build the Faster R-CNN of a spec with random weights.

    Raises
    ------
    ModelError
        If the encoder is unknown or lacks a wanted stride.
    """
    if isinstance(spec.architecture, Published):
        return _published(spec, spec.architecture)
    return _ours(spec, spec.architecture)


def _published(spec: DetectorSpec, architecture: Published) -> ClumpRCNN:
    trunk = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    layers = {f"layer{k}": str(k - 1) for k in range(1, 5)}
    backbone = BackboneWithFPN(
        trunk, layers, [256, 512, 1024, 2048], 256, extra_blocks=LastLevelMaxPool()
    )
    return ClumpRCNN(
        backbone,
        num_classes=len(Label),
        min_size=architecture.min_size,
        max_size=architecture.max_size,
        image_mean=list(spec.mean),
        image_std=list(spec.std),
    )


def _ours(spec: DetectorSpec, architecture: Native | Psf) -> ClumpRCNN:
    backbone = PyramidBackbone(architecture, spec.channels_in)
    finest = architecture.anchors[0]
    levels = [str(level) for level in range(len(architecture.strides))]
    anchors = AnchorGenerator(
        sizes=tuple((size,) for size in architecture.anchors),
        aspect_ratios=((1.0,),) * len(architecture.anchors),
    )
    # Boxes up to 4 anchors are pooled at the finest level: clumps are a few pixels across there.
    pool = MultiScaleRoIAlign(
        levels, output_size=7, sampling_ratio=2, canonical_scale=4 * finest, canonical_level=3
    )
    network = ClumpRCNN(
        backbone,
        min_size=spec.composite.crop,
        max_size=spec.composite.crop,
        image_mean=list(spec.mean),
        image_std=list(spec.std),
        rpn_anchor_generator=anchors,
        rpn_pre_nms_top_n_train=500,
        rpn_pre_nms_top_n_test=2 * architecture.proposals,
        rpn_post_nms_top_n_train=200,
        rpn_post_nms_top_n_test=architecture.proposals,
        rpn_batch_size_per_image=128,
        box_roi_pool=pool,
        box_head=TwoMLPHead(architecture.channels * 7 * 7, architecture.head),
        box_predictor=FastRCNNPredictor(architecture.head, len(Label)),
        box_batch_size_per_image=64,
        box_detections_per_img=architecture.proposals,
        size_divisible=architecture.pad_to,
    )
    if isinstance(architecture, Psf):
        network.transform = _AsItIs(architecture.pad_to)
    return network


class _AsItIs(GeneralizedRCNNTransform):  # type: ignore[misc]  # torchvision has no types
    """Batches images without a change of size or values."""

    def __init__(self, pad_to: int) -> None:
        super().__init__(0, 0, [], [], size_divisible=pad_to)

    def normalize(self, image: Tensor) -> Tensor:
        """As it is."""
        return image

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """As it is."""
        return image, target


def _with_probabilities(heads: RoIHeads) -> ClumpRoIHeads:
    """Return the same heads, modules shared, as `ClumpRoIHeads`."""
    return ClumpRoIHeads(
        heads.box_roi_pool,
        heads.box_head,
        heads.box_predictor,
        heads.proposal_matcher.high_threshold,
        heads.proposal_matcher.low_threshold,
        heads.fg_bg_sampler.batch_size_per_image,
        heads.fg_bg_sampler.positive_fraction,
        None if heads.box_coder.weights == (10.0, 10.0, 5.0, 5.0) else heads.box_coder.weights,
        heads.score_thresh,
        heads.nms_thresh,
        heads.detections_per_img,
    )
