"""Settings of `train`."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from clumpscope.config.base import Fraction, Positive, Section


class DetectorConfig(Section):
    """Architecture of a native detector: a timm encoder, an FPN and Faster R-CNN heads."""

    encoder: str = "resnet18"
    # Encoder levels used, by their reduction.
    strides: Annotated[tuple[int, ...], Field(min_length=1)] = (4, 8, 16)
    channels: Annotated[int, Field(ge=8)] = 96  # of the FPN
    head: Annotated[int, Field(ge=8)] = 128  # of the box head
    # Composite px, one a level.
    anchors: Annotated[tuple[Positive, ...], Field(min_length=1)] = (8.0, 16.0, 32.0)
    proposals: Annotated[int, Field(ge=1)] = 64  # kept after the RPN, at test time
    pad_to: Annotated[int, Field(ge=1)] = 16  # inputs are padded to a multiple of this

    @model_validator(mode="after")
    def _one_anchor_a_level(self) -> Self:
        if len(self.anchors) != len(self.strides):
            raise ValueError(
                f"anchors needs one size a stride ({len(self.strides)}), got {len(self.anchors)}"
            )
        return self


class AugmentConfig(Section):
    """Random changes of a training composite; widths are those of a normal distribution."""

    flips: bool = True  # horizontal, vertical and transpose, each with p = 0.5
    gain: Annotated[float, Field(ge=0)] = 0.0  # of ln brightness, all channels together
    colour: Annotated[float, Field(ge=0)] = 0.0  # of ln brightness, each channel
    gamma: Annotated[float, Field(ge=0)] = 0.0  # of ln exponent
    smooth: Fraction = 0.0  # share of images smoothed by up to 2 px, as resampled ones are
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0  # enlarged or shrunk by up to this much


class TrainConfig(Section):
    """Training of a native detector: AdamW with a one-cycle learning rate."""

    epochs: Annotated[int, Field(ge=1)] = 6
    batch_size: Annotated[int, Field(ge=1)] = 16
    max_learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    soft_labels: bool = False  # a label takes part in an epoch with its own probability
    start: str | None = None  # a model's name or file to go on from; None: random weights
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    workers: Annotated[int, Field(ge=0)] = 0
    augment: AugmentConfig = AugmentConfig()
