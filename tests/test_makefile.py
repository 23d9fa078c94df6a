"""The targets of the Makefile leave environments of other checkouts alone."""

import os
import shutil
import subprocess
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from places import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def checkout(folder: Path) -> Path:
    """What a target looks at before it does anything."""
    (folder / "src" / "clumpscope").mkdir(parents=True)
    (folder / "src" / "clumpscope" / "__init__.py").touch()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


def environment(folder: Path, of: Path | None) -> Path:
    """An environment that a checkout made, or that knows none; it looks up to date."""
    venv.create(folder, with_pip=False, symlinks=True)
    if of is not None:
        packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
        Path(packages, "clumpscope.pth").write_text(f"{of / 'src'}\n")
    (folder / ".ready").touch()
    return folder


def make(here: Path, target: str, env: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", target, f"VENV={env}"],  # noqa: S607
        cwd=here,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["demo", "docs", "lint", "test", "test-slow", "bench"])
def test_a_target_stops_at_another_checkout_s_environment(tmp_path, target):
    mine, other = checkout(tmp_path / "mine"), checkout(tmp_path / "other")
    env = environment(tmp_path / "env", other)
    before = sorted(path.name for path in env.rglob("*"))
    done = make(mine, target, env)
    assert done.returncode != 0
    assert f"has the clumpscope of {other}" in done.stderr
    assert "Installing" not in done.stdout
    assert sorted(path.name for path in env.rglob("*")) == before


def test_the_lowest_versions_are_those_of_every_package_and_below_the_pinned_ones(tmp_path):
    done = make(ROOT, "floors", tmp_path / "env")
    floors = dict(line.split("==") for line in done.stdout.splitlines())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {Requirement(line).name for line in project["dependencies"]}
    assert names <= floors.keys()
    assert {"pytest", "hypothesis"} <= floors.keys()
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {canonicalize_name(name): pin for name, pin in (line.split("==") for line in pinned)}
    for name, floor in floors.items():
        assert Version(floor) <= Version(pins[canonicalize_name(name)]), name


def test_an_environment_of_this_checkout_or_of_none_is_used(tmp_path):
    mine = checkout(tmp_path / "mine")
    for name, of in (("own", mine), ("empty", None)):
        env = environment(tmp_path / name, of)
        done = make(mine, str(env / ".ready"), env)
        assert done.returncode == 0, done.stderr
    assert make(mine, "owner", tmp_path / "none").returncode == 0
