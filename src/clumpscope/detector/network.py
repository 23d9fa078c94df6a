"""The network of a spec."""

from typing import TypeAlias

from torch import nn

from clumpscope.detector.centres import CentreNet
from clumpscope.detector.faster_rcnn import ClumpRCNN, faster_rcnn
from clumpscope.models.spec import DetectorSpec, Psf, Published

Network: TypeAlias = CentreNet | ClumpRCNN

_NATIVE_SIDE_PX = 16.0  # of a usual box on a composite


def build(spec: DetectorSpec) -> Network:
    """Build the network of a spec with random weights.

    It takes a list of (C, H, W) images as `DetectorSpec.view` says; in training with targets
    (``boxes`` (n, 4), ``labels`` (n,)) it gives a dictionary of losses, otherwise one an image of
    ``boxes``, ``labels``, ``scores`` and ``probabilities`` (n, 3).

    Raises
    ------
    ModelError
        If the encoder is unknown or lacks a wanted stride.
    """
    architecture = spec.architecture
    if isinstance(architecture, Published) or architecture.finds == "boxes":
        return faster_rcnn(spec)
    if isinstance(architecture, Psf):
        side = 2 * architecture.stack.fwhm_px
        return CentreNet(architecture, side, channels_in=spec.channels_in)
    return CentreNet(architecture, _NATIVE_SIDE_PX, spec.mean, spec.std)


def encoder_module(network: Network) -> nn.Module:
    """The encoder of a detector, of any family."""
    if isinstance(network, CentreNet):
        return network.encoder
    backbone = network.backbone
    encoder: nn.Module = backbone.encoder if hasattr(backbone, "encoder") else backbone.body
    return encoder
