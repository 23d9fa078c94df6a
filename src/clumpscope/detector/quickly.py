"""Loads torchvision and timm without torch's compiler, which takes longer than both together.

Each asks for one name of ``torch._dynamo``: torchvision to know whether it may compile RoIAlign for
deterministic results, timm to keep the compiler away from a function. Nothing here is compiled, so
that they get stand-ins while they are loaded; who asks for any other name gets the compiler.
"""

import importlib
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

_COMPILER = "torch._dynamo"
_MARK = "_stands_in"


def load() -> None:
    """Import torchvision's detectors and timm, unless the compiler is there or they are.

    After it everything is as it would be: who imports the compiler later gets it.
    """
    if any(name in sys.modules for name in (_COMPILER, "torchvision", "timm")):
        return
    importlib.import_module("torch")
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)
    try:
        importlib.import_module("torchvision.models.detection")
        importlib.import_module("timm")
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
