"""What a detector is and what it expects; travels inside every model file. Imports no torch."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from clumpscope.config.base import Fraction, PositiveRange, Section
from clumpscope.config.run import CompositeConfig
from clumpscope.config.stack import StackConfig
from clumpscope.config.train import DetectorConfig
from clumpscope.core.conditions import SLACK, Conditions
from clumpscope.models.calibration import Calibrations

SCHEMA_VERSION = 2

Name = Annotated[str, Field(max_length=100)]
Text = Annotated[str, Field(max_length=10_000)]
# Composites are in [0, 1].
Shift = Annotated[float, Field(ge=-100, le=100)]
Width = Annotated[float, Field(ge=1e-3, le=1e3)]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Published(Section):
    """torchvision's Faster R-CNN, ResNet-50 FPN with frozen batch-norm (Popp et al. 2024).

    Crops of 200 px pass the resize to ``min_size`` (x 4), so the anchors of 32 to 512 px are
    8 to 128 crop pixels.
    """

    family: Literal["published"] = "published"
    """Tells the architectures apart."""
    min_size: Annotated[int, Field(ge=32, le=2048)] = 800
    """Shorter side that composites are resized to, px."""
    max_size: Annotated[int, Field(ge=32, le=4096)] = 1333
    """Longest side that composites are resized to, whatever the shorter one, px."""


class Native(DetectorConfig):
    """A timm encoder with FPN at the composite's own scale."""

    family: Literal["native"] = "native"
    """Tells the architectures apart."""


class Psf(DetectorConfig):
    """A timm encoder on bands at the scale of the PSF."""

    family: Literal["psf"] = "psf"
    """Tells the architectures apart."""
    stack: StackConfig = StackConfig()
    """What it sees."""


class TrainingRange(Section):
    """Ranges of the training images; ``None`` where unknown."""

    psf_fwhm_arcsec: PositiveRange | None = None
    """PSF-FWHM in the reference band, r where there is one, arcsec."""
    pixscale_arcsec: PositiveRange | None = None
    """Pixel scale, arcsec."""
    noise_over_sdss: PositiveRange | None = None
    """Noise of an area in r over that of single-epoch SDSS."""

    def holds(self, conditions: Conditions) -> bool:
        """Whether images of such conditions were in training, to 2 %; unknown ones count as so."""
        pairs = (
            (self.psf_fwhm_arcsec, conditions.psf_fwhm_arcsec),
            (self.pixscale_arcsec, conditions.pixscale_arcsec),
            (self.noise_over_sdss, conditions.noise_over_sdss),
        )
        return not any(
            limits is not None and (value < limits[0] / SLACK or value > limits[1] * SLACK)
            for limits, value in pairs
        )


class DetectorSpec(Section):
    """Everything needed to rebuild a detector and to feed it right."""

    name: Name
    """Name of the model."""
    architecture: Annotated[Published | Native | Psf, Field(discriminator="family")]
    """What its network is made of."""
    composite: CompositeConfig = CompositeConfig()
    mean: tuple[Shift, Shift, Shift] = (0.0, 0.0, 0.0)
    """Taken off composites of [0, 1], a channel each."""
    std: tuple[Width, Width, Width] = (1.0, 1.0, 1.0)
    """Divides composites after that, a channel each."""
    classes: tuple[Name, Name, Name] = ("background", "clump", "odd clump")
    """Names of the classes, in the order of the network's output."""
    score_threshold: Fraction = 0.3
    """Boxes of a lower score are dropped, unless a recipe says another threshold."""
    weights: Text = ""
    """Where the tensors came from."""
    weights_sha256: Text = ""
    """Hash of that source file, if there was one."""
    provenance: Text = ""
    """How it was trained."""
    licence: Text = ""
    """Licence of the weights."""
    trained_on: TrainingRange = TrainingRange()
    calibrations: Calibrations = ()
    """What its probabilities are worth: a calibration for each survey."""
    metrics: Annotated[dict[Name, float], Field(max_length=1000)] = Field(default_factory=dict)
    """What was measured with it, by name."""
    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    """Version of this list of fields."""

    @property
    def view(self) -> CompositeConfig | StackConfig:
        """How what it sees is made of an image."""
        return self.architecture.stack if isinstance(self.architecture, Psf) else self.composite

    def takes(self, bands: Collection[str]) -> bool:
        """Whether it can look at an image with these bands: at one for a stack, else at all."""
        seen = set(self.view.bands) & set(bands)
        return bool(seen) if isinstance(self.view, StackConfig) else len(seen) == 3

    @property
    def channels_in(self) -> int:
        """Channels of what it sees: three colours, or light, details and presence of each band."""
        return 3 * len(self.view.bands) if isinstance(self.view, StackConfig) else 3
