"""What import-linter cannot see: which modules are loaded when."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import clumpscope

# Slow to load, and not needed to answer --help.
HEAVY = (
    *("torch", "torchvision", "lightning", "timm", "matplotlib", "galsim", "photutils", "scipy"),
    *("pydantic", "dask", "distributed"),
)


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_loads_nothing_heavy():
    slow = (*HEAVY, "numpy", "astropy", "pydantic", "pyarrow")
    code = f"import sys, clumpscope.cli; print([m for m in {slow!r} if m in sys.modules])"
    assert python(code).strip() == "[]"


@pytest.mark.parametrize(
    "module",
    ["stages", "store", "models", "ops", "net", "engine", "jobs"],
)
def test_without_torch(module):
    """Photometry and everything else but detection works where torch is not installed."""
    package = importlib.import_module(f"clumpscope.{module}")
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [child.name for child in found]
    assert names
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
