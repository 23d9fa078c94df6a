import builtins
import subprocess
import sys
from collections import namedtuple

import pytest

from clumpscope import __version__
from clumpscope.jobs import doctor as module
from clumpscope.jobs.doctor import Check, doctor
from clumpscope.models.registry import DEFAULT
from clumpscope.ops.extinction import MAP_FILES


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No cache, no dust maps but those of the test."""
    monkeypatch.setenv("CLUMPSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SFD_DIR", raising=False)


def checks(**arguments) -> dict[str, Check]:
    found = doctor(**arguments)
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def test_this_installation_is_well():
    found = checks()
    for name in ("python", "clumpscope", "numpy", "torch", "pyarrow", "device cpu", "cache"):
        assert found[name].state == "ok", found[name]
    assert found["clumpscope"].detail == __version__
    assert "threads" in found["device cpu"].detail
    assert not {"pytest", "sphinx", "ruff"} & set(found)


def test_whatever_is_not_well_says_what_to_do():
    for check in doctor():
        assert check.detail
        assert check.remedy or check.state == "ok"


def test_a_package_that_is_missing_or_old(monkeypatch):
    real = module.metadata.version

    def version(name):
        if name == "sep":
            raise module.metadata.PackageNotFoundError(name)
        return "1.21.0" if name == "numpy" else real(name)

    monkeypatch.setattr(module.metadata, "version", version)
    found = checks()
    assert found["sep"].state == "missing"
    assert found["sep"].remedy.startswith("pip install 'sep>=")
    assert found["numpy"].state == "missing"
    assert found["numpy"].detail.startswith("1.21.0, but clumpscope needs >=")


def test_a_torch_that_does_not_load_is_a_finding(monkeypatch):
    real = builtins.__import__

    def broken(name, *args, **kwargs):
        if name == "clumpscope.detector.device":
            raise ImportError("libtorch.so: cannot open shared object file")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    found = checks()
    assert found["devices"].state == "missing"
    assert "libtorch" in found["devices"].detail
    assert found["numpy"].state == "ok"


def test_an_unwritable_cache(tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir()
    assert checks()["cache"].state == "ok"
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    assert checks()["cache"].state == "warning"
    assert "CLUMPSCOPE_CACHE" in checks()["cache"].remedy


def test_models(tmp_path, monkeypatch):
    assert "models fetch" in checks()["other models"].remedy
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    (folder / "mine.safetensors").touch()
    assert checks()["other models"].detail == "mine"
    monkeypatch.setattr(module, "packaged_models", dict)
    assert checks()["packaged model"].state == "missing"
    monkeypatch.setattr(module, "packaged_models", lambda: {DEFAULT: folder})
    assert checks()["packaged model"].state == "ok"


def test_dust_maps(tmp_path, monkeypatch):
    assert checks()["dust maps"].state == "warning"
    (tmp_path / MAP_FILES[0]).touch()
    found = checks(dust_map=str(tmp_path))["dust maps"]
    assert found.state == "warning"
    assert MAP_FILES[1] in found.detail
    assert MAP_FILES[0] not in found.detail
    (tmp_path / MAP_FILES[1]).touch()
    assert checks(dust_map=str(tmp_path))["dust maps"].state == "ok"
    monkeypatch.setenv("SFD_DIR", str(tmp_path))
    assert checks()["dust maps"].state == "ok"


def test_little_disk(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage(2**40, 2**40, 2**29))
    found = checks()["disk of working folder"]
    assert (found.state, found.detail) == ("warning", "0.5 GiB free")


def test_it_loads_torch_only_when_it_looks():
    code = "import sys, clumpscope.jobs.doctor; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
