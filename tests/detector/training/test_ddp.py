"""Two processes with gloo train one network: as torchrun starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from clumpscope.config.show import show
from clumpscope.detector.weights import load_model
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from small_training import changed, silent


@pytest.mark.slow
def test_two_processes_learn_what_one_does(oblong: Path, tmp_path: Path) -> None:
    """With frozen batch-norms, the mean of two halves of a batch is the whole; up to the draws
    of proposals, which are fewer than those looked at here."""
    settings = {"epochs": 2, "batch_size": 2, "batch_norm": "frozen", "max_learning_rate": 1e-4}
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(show(changed(**settings, devices=2)))
    out = tmp_path / "two.safetensors"
    subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"),
            *("--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"),
            *("-m", "clumpscope", "train", recipe, "--sample", oblong, "--out", out),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        check=True,
        timeout=500,
    )
    one = tmp_path / "one.safetensors"
    train(make_plan([oblong], changed(**settings)), one, 1, silent)
    assert {path.name for path in (tmp_path / "two.training").iterdir()} == {
        path.name for path in (tmp_path / "one.training").iterdir()
    }
    both = (
        load_model(path.with_suffix(".training") / "last.safetensors")[1] for path in (out, one)
    )
    for a, b in zip(*(network.state_dict().values() for network in both), strict=True):
        assert torch.allclose(a.float(), b.float(), atol=2e-3)
