"""SIGKILL at five moments of a training, and --resume: the same weights, losses and files."""

import signal
from pathlib import Path

import pytest

from kills import files
from training_kills import MOMENTS, trained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unbroken(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("unbroken")
    assert trained(oblong, folder / "m.safetensors", None, resume=False) == 0
    return files(folder)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_gone_on_with(
    moment: str, oblong: Path, unbroken: dict[str, bytes], tmp_path: Path
) -> None:
    assert set(unbroken) == {
        "m.safetensors",
        "m.training/last.safetensors",
        "m.training/losses.png",
        "m.training/metrics.csv",
    }
    out = tmp_path / "m.safetensors"
    assert trained(oblong, out, moment, resume=False) == -signal.SIGKILL
    assert (tmp_path / "m.training" / ".unfinished" / "key.json").exists()
    assert trained(oblong, out, None, resume=True) == 0
    assert files(tmp_path) == unbroken
    assert not list(tmp_path.rglob(".*"))
