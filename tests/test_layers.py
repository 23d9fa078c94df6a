"""What import-linter cannot see: which modules are loaded when."""

import importlib.util
import pkgutil
import subprocess
import sys

import pytest

import clumpscope

# Slow to load, and not needed to answer --help.
HEAVY = ("torch", "torchvision", "lightning", "timm", "matplotlib", "galsim", "photutils", "scipy")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_loads_nothing_heavy():
    code = f"import sys, clumpscope.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert python(code).strip() == "[]"


@pytest.mark.parametrize(
    "module",
    ["refine", "measure", "catalogue", "fetch", "simulate", "store", "consensus", "labels"],
)
def test_without_torch(module):
    """Photometry and everything else but detection works where torch is not installed."""
    names = [f"clumpscope.{module}"]
    found = importlib.util.find_spec(names[0])
    if found is not None and found.submodule_search_locations:
        names += [
            f"{names[0]}.{child.name}"
            for child in pkgutil.iter_modules(found.submodule_search_locations)
        ]
    blocked = ("torch", "torchvision", "lightning", "timm")
    python(
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )


def test_core_needs_only_numpy_and_astropy():
    folder = f"{clumpscope.__path__[0]}/core"
    names = [f"clumpscope.core.{child.name}" for child in pkgutil.iter_modules([folder])]
    blocked = (*HEAVY[:6], "pyarrow", "photutils", "rich", "typer", "httpx", "PIL")
    python(
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )
