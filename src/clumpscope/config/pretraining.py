"""Settings that all trainings of encoders on whole galaxies share."""

from typing import Annotated, Literal

from pydantic import Field

from clumpscope.config.base import Count, Positive, PositiveRange, Section
from clumpscope.config.train import Normalisation


class PretrainingConfig(Section):
    """A timm network trained by Adam on composites, each changed at random."""

    encoder: Annotated[str, Field(max_length=100)] = "resnet50"
    """Name of the network in timm."""
    start: Annotated[str | None, Field(examples=["torchvision:resnet50"])] = None
    """Weights that its encoder begins with, as in `[train]`. Not set: random weights."""
    normalisation: Normalisation = "start"
    """How composites are scaled for these weights, as in `[train]`."""
    epochs: Count = 100
    """Passes over the training images."""
    batch_size: Count = 32
    """Images of one step."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate, or its peak."""
    schedule: Literal["one-cycle", "constant"] = "constant"
    """The learning rate rises to its peak and falls again, or is always the same."""
    size: Annotated[int, Field(ge=32, le=1024)] = 224
    """Side of the images that it sees, px."""
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Random crops are shorter than the composite by up to this share."""
    aspect: PositiveRange = (0.9, 1.1)
    """Width over height of the crops before they are resized."""
    flips: bool = True
    """Whether it is mirrored left to right, with a chance of one half."""
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 90.0
    """It is turned by up to this to either side, degrees; the corners become black."""
