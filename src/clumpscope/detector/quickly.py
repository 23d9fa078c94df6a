"""What needs nothing of torch's compiler, which takes longer to load than all else together.

torchvision asks for one name of ``torch._dynamo`` to know whether it may compile RoIAlign for
deterministic results, timm and the first weights of a network to keep the compiler away from a
function. Nothing here is compiled, so that they get stand-ins; who asks for any other name gets the
compiler.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

_COMPILER = "torch._dynamo"
_MARK = "_stands_in"


def load() -> None:
    """Import torchvision's detectors and timm, unless they are there."""
    if any(name in sys.modules for name in ("torchvision", "timm")):
        return
    importlib.import_module("torch")
    with without_compiler():
        importlib.import_module("torchvision.models.detection")
        importlib.import_module("timm")


@contextmanager
def without_compiler() -> Iterator[None]:
    """Do without the compiler inside, unless it is there; afterwards who imports it gets it."""
    if _COMPILER in sys.modules:
        yield
        return
    sys.modules.update(_stand_ins())
    try:
        yield
    finally:
        _take_away()


def _stand_ins() -> dict[str, ModuleType]:
    compiler, utils = ModuleType(_COMPILER), ModuleType(f"{_COMPILER}.utils")
    vars(compiler).update(__path__=[], disable=_as_it_is, utils=utils)
    vars(utils).update(is_compile_supported=_may_compile)
    for module in (compiler, utils):
        vars(module).update(__getattr__=partial(_of_compiler, module.__name__), **{_MARK: True})
    return {module.__name__: module for module in (compiler, utils)}


def _as_it_is(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Any:  # noqa: ANN401
    """Decorate nothing, with or without arguments."""
    return (lambda wrapped: wrapped) if function is None else function


def _may_compile(device: str) -> bool:
    found: bool = _of_compiler(f"{_COMPILER}.utils", "is_compile_supported")(device)
    return found


def _of_compiler(module: str, name: str) -> Any:  # noqa: ANN401
    if name.startswith("__"):  # `inspect` looks at all modules
        raise AttributeError(name)
    _take_away()
    return getattr(importlib.import_module(module), name)


def _take_away() -> None:
    for name in (_COMPILER, f"{_COMPILER}.utils"):
        if _MARK in vars(sys.modules.get(name, sys)):
            del sys.modules[name]
