"""Files of tensors: what torch saved (.pth, .bin, .ckpt), and safetensors.

The only place where a pickle of others is read, with ``weights_only``: no code in it can run.
"""

import pickle
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from clumpscope.errors import ModelError, expected_got
from clumpscope.files.regular import regular, too_large
from clumpscope.models.header import MOST_MB, bounded


class _Inert:
    """Stands for whatever a file holds beside tensors: it keeps nothing and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def read_checkpoint(path: Path, *, lenient: bool = False) -> dict[object, object]:
    """Read a dictionary that torch saved, into memory.

    Parameters
    ----------
    lenient
        Lightning's checkpoints hold objects of their project (settings, schemas) beside the
        tensors. Strictly they are refused; leniently each becomes an empty object of ours, so
        that neither their code nor their project is needed.

    Raises
    ------
    ModelError
        If the file is missing, too large, damaged, no dictionary, or holds what is not allowed.
    """
    what = f"checkpoint {path}"
    try:
        _check_unpacked(regular(path, ModelError, MOST_MB))
        with _strangers(path) if lenient else nullcontext():
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except ModelError:
        raise
    except pickle.UnpicklingError as error:
        # torch's own text explains how to run the code in it: not repeated.
        raise ModelError(
            expected_got(
                what, "a state_dict saved by torch", "something else; it was not unpickled"
            )
        ) from error
    except Exception as error:  # a damaged file makes torch raise nearly anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(f"{what}: damaged, or not saved by torch: {reason}") from error
    if not isinstance(content, dict):
        raise ModelError(expected_got(what, "a state_dict", type(content).__name__))
    return content


def named_tensors(content: Mapping[Any, object], what: str) -> dict[str, Tensor]:
    """The same, if all of it is named tensors.

    Raises
    ------
    ModelError
        If a key is no name or a value no tensor.
    """
    tensors = {}
    for key, value in content.items():
        if not (isinstance(key, str) and isinstance(value, Tensor)):
            raise ModelError(
                expected_got(f"{what}, key {key!r}", "a named tensor", type(value).__name__)
            )
        tensors[key] = value
    return tensors


def check_kinds(tensors: Mapping[str, Tensor], what: str) -> None:
    """Check that tensors are real numbers in memory.

    Raises
    ------
    ModelError
        If one is not; the message names it.
    """
    for key, tensor in tensors.items():
        name = f"{what}, tensor {key}"
        if not tensor.is_floating_point():
            raise ModelError(expected_got(name, "real numbers", tensor.dtype))
        if tensor.layout is not torch.strided or tensor.device.type != "cpu":
            got = f"{tensor.layout} on {tensor.device}"
            raise ModelError(expected_got(name, "numbers in memory", got))


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file into memory, single precision at least.

    Raises
    ------
    ModelError
        If the file is missing, too large or damaged.
    """
    try:
        with safe_open(bounded(path), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"model {path}: not a readable safetensors file: {error}") from error
    return {name: _single(tensor) for name, tensor in tensors.items()}


def _single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _strangers(path: Path) -> safe_globals:
    """While this is open, every name of a file that torch does not know means `_Inert`."""
    names = get_unsafe_globals_in_checkpoint(path) if zipfile.is_zipfile(path) else []
    return safe_globals([(_Inert, name) for name in names])


def _check_unpacked(path: Path) -> None:
    """Check that a .pth file, which is a zip since torch 1.6, does not grow when unpacked."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as file:
        grown = sum(item.file_size for item in file.infolist()) / 1e6
    if grown > MOST_MB:
        raise ModelError(too_large(path, MOST_MB, f"{grown:.0f} MB when unpacked"))
