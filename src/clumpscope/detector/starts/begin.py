"""The network that a training begins with, and what its spec then says."""

from torch import nn

from clumpscope.config.train import TrainConfig
from clumpscope.detector.freezing import freeze
from clumpscope.detector.network import Network, encoder_module
from clumpscope.detector.starts.encoder import EncoderWeights, read_encoder
from clumpscope.detector.starts.normalisation import scaling_of
from clumpscope.detector.training.fit import initial
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.encoder import read_card
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec, Psf
from clumpscope.models.starts import LISTED, Source, Start
from clumpscope.models.trained import encoder_of
from clumpscope.store.manifest import sha256_file


def begin(
    spec: DetectorSpec, start: Start | None, config: TrainConfig, seed: int
) -> tuple[DetectorSpec, Network]:
    """Make the network to train: random, a whole model, or one whose encoder has weights.

    What shall not learn is frozen.

    Parameters
    ----------
    spec
        Of the recipe (`trained_spec`).

    Returns
    -------
    The spec, with the normalisation and the origin of an encoder's weights, and the network.

    Raises
    ------
    ModelError
        If the encoder does not exist, or the weights cannot be read or do not fit it.
    """
    if start is None or start.source is None:
        network = initial(spec, None if start is None else start.path, seed)
    else:
        bands = len(spec.view.bands)
        channels = spec.channels_in
        weights = read_encoder(start.path, encoder_of(spec), channels=channels, bands=bands)
        spec = started(spec, start, weights, config)
        network = initial(spec, None, seed)
        load_encoder(encoder_module(network), weights, f"weights {start.path}")
    if config.trainable_blocks is not None:
        freeze(encoder_module(network), config.trainable_blocks)
    return spec, network


def started(
    spec: DetectorSpec, start: Start, weights: EncoderWeights, config: TrainConfig
) -> DetectorSpec:
    """The spec of a detector whose encoder begins with weights.

    Raises
    ------
    ModelError
        If nobody says how images were scaled for these weights, or the file is not the one
        that bears the name.
    """
    mean, std = spec.mean, spec.std
    if not isinstance(spec.architecture, Psf):  # whose bands are scaled by their noise
        mean, std = scaling_of(start, weights.layout, config.normalisation)
    sha256 = sha256_file(start.path)
    listed = LISTED.get(start.text)
    if listed is not None and listed.sha256 != sha256:
        what = f"{start.path} as {start.text}"
        raise ModelError(expected_got(what, f"sha256 {listed.sha256}", sha256))
    return spec.model_copy(
        update={
            "mean": mean,
            "std": std,
            "weights": f"encoder: {start.text} ({weights.layout}); the rest random",
            "weights_sha256": sha256,
            "licence": _licence(start),
        }
    )


def _licence(start: Start) -> str:
    """Licence of weights, empty where nobody says it."""
    if start.text in LISTED:
        return LISTED[start.text].licence
    if start.source is Source.MODEL:
        return read_header(start.path).spec.licence
    if start.path.suffix == ".safetensors" and (card := read_card(start.path)) is not None:
        return card.licence
    return ""


def load_encoder(encoder: nn.Module, weights: EncoderWeights, what: str) -> None:
    """Put weights into an encoder.

    Raises
    ------
    ModelError
        If they lack one of its tensors, or it has another shape.
    """
    encoder.load_state_dict(weights.named_as(encoder.state_dict(), what))
