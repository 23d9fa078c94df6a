"""Model files: safetensors with the spec as JSON in one metadata key."""

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models.detection import FasterRCNN

from clumpscope.detector.faster_rcnn import build
from clumpscope.detector.spec import SCHEMA_VERSION, DetectorSpec
from clumpscope.errors import ModelError, expected_got
from clumpscope.store.atomic import atomic

_KEY = "clumpscope"


def save_model(path: Path, network: FasterRCNN, spec: DetectorSpec, *, half: bool = True) -> None:
    """Write a network with its spec; ``half`` stores weights in half precision.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    tensors = {}
    for name, tensor in network.state_dict().items():
        tensor = tensor.detach().cpu()
        if half and tensor.dtype == torch.float32:
            tensor = tensor.half()
        tensors[name] = tensor.contiguous()
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={_KEY: spec.model_dump_json()})


def read_spec(path: Path) -> DetectorSpec:
    """Read only the spec of a model file.

    Raises
    ------
    ModelError
        If the file is missing, damaged, not ours or of a newer schema.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"model {path}: not a readable safetensors file: {error}") from error
    if text is None:
        raise ModelError(expected_got(f"model {path}", f"metadata key {_KEY!r}", "none"))
    version = json.loads(text).get("schema_version", 0)
    if version > SCHEMA_VERSION:
        raise ModelError(expected_got(f"model {path}", f"schema <= {SCHEMA_VERSION}", version))
    try:
        return DetectorSpec.model_validate_json(text)
    except ValidationError as error:
        raise ModelError(f"model {path}: its spec is not valid: {error}") from error


def load_model(path: Path) -> tuple[DetectorSpec, FasterRCNN]:
    """Read a model file; weights come back in single precision, in evaluation mode.

    Raises
    ------
    ModelError
        If the file cannot be used or its tensors do not fit its spec.
    """
    spec = read_spec(path)
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = build(spec)
    check_tensors(tensors, network.state_dict(), f"model {path}")
    network.load_state_dict({name: _single(tensor) for name, tensor in tensors.items()})
    return spec, network.eval()


def _single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def check_tensors(given: dict[str, Tensor], wanted: dict[str, Tensor], what: str) -> None:
    """Check every key and shape.

    Raises
    ------
    ModelError
        If a key is missing or unknown or a shape differs; the message names the first few.
    """
    missing, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or extra:
        raise ModelError(
            expected_got(
                what,
                f"{len(wanted)} tensors",
                f"{len(given)}; missing {missing[:3]}, unknown {extra[:3]}",
            )
        )
    for name, tensor in wanted.items():
        if given[name].shape != tensor.shape:
            raise ModelError(
                expected_got(
                    f"{what}, tensor {name}",
                    f"shape {tuple(tensor.shape)}",
                    tuple(given[name].shape),
                )
            )
