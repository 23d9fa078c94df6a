"""What a model file says of itself, read without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from clumpscope.config.base import problems_of
from clumpscope.errors import ModelError, expected_got
from clumpscope.files.regular import regular
from clumpscope.models.spec import SCHEMA_VERSION, DetectorSpec
from clumpscope.store.json_text import parse_json

MOST_PARAMETERS = 250_000_000  # six times those of the published models
MOST_MB = 4 * MOST_PARAMETERS / 1e6
_MOST_HEADER = 4_000_000  # bytes; a model of a thousand tensors has 100,000
KEY = "clumpscope"  # the one metadata key: several are written in random order


@dataclass(frozen=True)
class ModelHeader:
    """The first bytes of a model file.

    Attributes
    ----------
    path
        The file.
    spec
        What the detector is and what it expects.
    size
        Of the file, bytes.
    shapes
        Shape of each tensor.
    precisions
        Number types of the tensors, by safetensors' names: ``F16``, ``F32``, ``I64``.
    """

    path: Path
    spec: DetectorSpec
    size: int
    shapes: Mapping[str, tuple[int, ...]]
    precisions: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """Numbers held: parameters and the statistics of batch-norms."""
        return sum(prod(shape) for shape in self.shapes.values())


def read_header(path: Path) -> ModelHeader:
    """Read a model file's spec and the shapes of its tensors, not the tensors.

    Raises
    ------
    ModelError
        If the file is missing, damaged, not ours, of a newer schema or larger than any model.
    """
    try:
        with safe_open(bounded(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: tuple(one.get_shape()) for name, one in slices.items()}
            precisions = {one.get_dtype() for one in slices.values()}
        size = path.stat().st_size
    except (OSError, SafetensorError) as error:
        raise ModelError(f"model {path}: not a readable safetensors file: {error}") from error
    if text is None:
        raise ModelError(expected_got(f"model {path}", f"metadata key {KEY!r}", "none"))
    spec = _spec(path, text)
    header = ModelHeader(path, spec, size, MappingProxyType(shapes), tuple(sorted(precisions)))
    if header.parameters > MOST_PARAMETERS:
        most = f"at most {MOST_PARAMETERS} numbers"
        raise ModelError(expected_got(f"model {path}", most, header.parameters))
    return header


def bounded(path: Path) -> Path:
    """The same path, if a safetensors file is no larger than any model, and its header too.

    Raises
    ------
    ModelError
        If it is not a regular file, or larger.
    OSError
        If it is not there.
    """
    with regular(path, ModelError, MOST_MB).open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > _MOST_HEADER:
        what = f"model {path}: length of its header"
        raise ModelError(expected_got(what, f"at most {_MOST_HEADER} bytes", length))
    return path


def notes_of(path: Path) -> dict[str, str]:
    """The texts that a safetensors file holds beside its tensors, by key.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or larger than any model.
    """
    try:
        with safe_open(bounded(path), framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"model {path}: not a readable safetensors file: {error}") from error


def read_spec(path: Path) -> DetectorSpec:
    """Read only the spec of a model file.

    Raises
    ------
    ModelError
        If the file is missing, damaged, not ours or of a newer schema.
    """
    return read_header(path).spec


def _spec(path: Path, text: str) -> DetectorSpec:
    # The version comes first: a newer schema may have keys that would be refused as unknown.
    try:
        content = parse_json(text)
        version = content.get("schema_version", 0)
        newer = version > SCHEMA_VERSION
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"model {path}: its spec is not valid: {error}") from error
    if newer:
        raise ModelError(
            expected_got(
                f"model {path}",
                f"schema <= {SCHEMA_VERSION} (is there a newer clumpscope?)",
                version,
            )
        )
    try:
        return DetectorSpec.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise ModelError(f"model {path}: its spec is not valid: {problems_of(error)}") from error
