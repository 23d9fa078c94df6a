"""Settings of the network of shapes that `train` makes."""

from typing import Annotated, Literal

from pydantic import Field

from clumpscope.config.base import Count, Fraction, NotNegative, Positive
from clumpscope.config.pretraining import PretrainingConfig


class MorphologyConfig(PretrainingConfig):
    """A network that predicts what volunteers answer about a galaxy's shape (as Zoobot).

    It learns from the sample's `votes.parquet`; the encoder of the epoch with the best likelihood
    of votes that were held out is kept.
    """

    encoder: Annotated[str, Field(max_length=100)] = "tf_efficientnet_lite0"
    """Name of the network in timm."""
    epochs: Count = 4
    """Passes over the training images."""
    learning_rate: Positive = 1e-3
    """Adam's learning rate, or its peak."""
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    """The learning rate rises to its peak and falls again, or is always the same."""
    size: Annotated[int, Field(ge=32, le=1024)] = 96
    """Side of the images that it sees, px."""
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """Random crops are shorter than the composite by up to this share."""
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 180.0
    """It is turned by up to this to either side, degrees; the corners become black."""
    gain: NotNegative = 0.15
    """Width of ln brightness, all channels together; of a normal distribution."""
    colour: NotNegative = 0.05
    """Width of ln brightness, each channel for itself."""
    noise: NotNegative = 0.02
    """Noise is added to half of the images, of a width of up to this, of a brightness of 1."""
    smooth: Fraction = 0.2
    """Share of images that are blurred, by a Gaussian of 0.5 to 1.5 px."""
    agreement: NotNegative = 0.5
    """Weight of the loss without labels, Barlow Twins (Zbontar et al. 2021): two changed views of
    one image shall look alike, of two images not. It is of `--pictures`, too. 0: one view, none."""
