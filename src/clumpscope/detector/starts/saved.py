"""Encoders in files of ours: safetensors by timm's names, with a card."""

from pathlib import Path

from safetensors.torch import save
from torch import nn

from clumpscope.detector.starts.encoder import encoder_layout
from clumpscope.models.encoder import CARD, EncoderCard
from clumpscope.store.atomic import atomic


def save_encoder(path: Path, network: nn.Module, card: EncoderCard) -> None:
    """Write the encoder of a timm network, without its classifier.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    tensors = network.state_dict()
    kept = {key: tensors[key].detach().cpu().contiguous() for key in encoder_layout(card.encoder)}
    # Written here and not by safetensors, whose errors do not say that a disk is full.
    content = save(kept, metadata={CARD: card.model_dump_json()})
    with atomic(path) as temporary:
        temporary.write_bytes(content)
