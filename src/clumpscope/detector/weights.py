"""Model files: safetensors with the spec as JSON in one metadata key."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from clumpscope.detector.checkpoints import read_safetensors
from clumpscope.detector.network import Network, build
from clumpscope.detector.quickly import without_compiler
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.header import KEY, read_header
from clumpscope.models.spec import DetectorSpec
from clumpscope.store.atomic import atomic


def save_model(path: Path, network: nn.Module, spec: DetectorSpec, *, half: bool = True) -> None:
    """Write a network with its spec; ``half`` stores weights in half precision.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    save_tensors(path, network.state_dict(), spec, half=half)


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], spec: DetectorSpec, *, half: bool
) -> None:
    """Write tensors with their spec; the same ones give the same bytes.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    stored = {name: _stored(tensor, half) for name, tensor in tensors.items()}
    # Written here and not by safetensors, whose errors do not say that a disk is full.
    content = save(stored, metadata={KEY: spec.model_dump_json()})
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu()
    if half and tensor.dtype == torch.float32:
        halved = tensor.half()
        # What overflows half precision (65504), such as a variance, stays single.
        if torch.equal(halved.isfinite(), tensor.isfinite()):
            tensor = halved
    return tensor.contiguous()


def load_model(path: Path) -> tuple[DetectorSpec, Network]:
    """Read a model file; weights come back in single precision, in evaluation mode.

    Raises
    ------
    ModelError
        If the file cannot be used, its tensors do not fit its spec, or one is not finite.
    """
    header = read_header(path)
    # Before anything is made: a spec may ask for any network.
    check_tensors(header.shapes, layout(header.spec), f"model {path}")
    tensors = read_safetensors(path)
    check_numbers(tensors, f"model {path}")
    network = build(header.spec)
    network.load_state_dict(tensors)
    return header.spec, network.eval()


def layout(spec: DetectorSpec) -> dict[str, Tensor]:
    """Names and shapes of a spec's tensors, without their numbers (on torch's meta device).

    Raises
    ------
    ModelError
        If the encoder is unknown or lacks a wanted stride.
    """
    with without_compiler(), torch.device("meta"):
        tensors: dict[str, Tensor] = build(spec).state_dict()
    return tensors


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def check_numbers(tensors: Mapping[str, Tensor], what: str) -> None:
    """Check that every number is finite, and every variance not negative.

    Raises
    ------
    ModelError
        If one is not; the message names the tensor.
    """
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ModelError(
                expected_got(f"{what}, tensor {name}", "finite numbers", "NaN or infinity")
            )
        if name.endswith("running_var") and (tensor < 0).any():
            raise ModelError(expected_got(f"{what}, tensor {name}", "variances", "a negative one"))


def check_tensors(
    given: Mapping[str, Sequence[int]], wanted: Mapping[str, Tensor], what: str
) -> None:
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
        if tuple(given[name]) != tuple(tensor.shape):
            raise ModelError(
                expected_got(
                    f"{what}, tensor {name}", f"shape {tuple(tensor.shape)}", tuple(given[name])
                )
            )
