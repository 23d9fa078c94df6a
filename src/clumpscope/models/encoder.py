"""What a file of an encoder's weights says of itself. Imports no torch."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from clumpscope.config.base import Section, problems_of
from clumpscope.config.run import CompositeConfig
from clumpscope.errors import ModelError
from clumpscope.models.header import notes_of
from clumpscope.models.spec import Name, Shift, Text, Width

CARD = "clumpscope-encoder"  # the metadata key


class EncoderCard(Section):
    """Which network an encoder's weights are of, and what it expects."""

    encoder: Name
    """Name in timm."""
    composite: CompositeConfig = CompositeConfig()
    mean: tuple[Shift, Shift, Shift]
    """Taken off composites of [0, 1], a channel each."""
    std: tuple[Width, Width, Width]
    """Divides composites after that, a channel each."""
    weights: Text = ""
    """Where its training began."""
    weights_sha256: Text = ""
    """Hash of that file, if there was one."""
    provenance: Text = ""
    """How it was trained."""
    licence: Text = ""
    """Licence of the weights."""
    metrics: Annotated[dict[Name, float], Field(max_length=1000)] = Field(default_factory=dict)
    """What was measured with it, by name."""


def read_card(path: Path) -> EncoderCard | None:
    """The card of a safetensors file, or ``None`` if it has none.

    Raises
    ------
    ModelError
        If the file is damaged or its card not valid.
    """
    text = notes_of(path).get(CARD)
    if text is None:
        return None
    try:
        return EncoderCard.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise ModelError(f"weights {path}: card is not valid: {problems_of(error)}") from error
