"""A training on several devices is a command of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.train import TrainConfig
from clumpscope.errors import RecipeError, TrainingError
from clumpscope.jobs.own_process import train_apart

PLACES = Path("sample"), Path("labels.parquet"), Path("groups.parquet")
RECIPE = Recipe(seed=4, train=TrainConfig(devices=2, epochs=3))


def ending(monkeypatch, code, said=""):
    told = []

    def run(command, **_):
        told.append(command)
        return subprocess.CompletedProcess(command, code, stderr=said)

    monkeypatch.setattr(subprocess, "run", run)
    return told


def test_it_is_the_same_training(tmp_path, monkeypatch):
    told = ending(monkeypatch, 0)
    train_apart(RECIPE, *PLACES, 7, tmp_path / "m.safetensors")
    assert load_recipe(tmp_path / "m.toml") == RECIPE
    (command,) = told
    assert command[:4] == [sys.executable, "-m", "clumpscope", "train"]
    options = dict(zip(command[5:-1:2], command[6::2], strict=True))
    assert options["--group"] == "7"
    assert options["--out"] == str(tmp_path / "m.safetensors")
    assert command[-1] == "--resume"


def test_its_failure_is_told(tmp_path, monkeypatch):
    ending(monkeypatch, 1, "error: loss is not finite\n")
    with pytest.raises(TrainingError, match="m: error: loss is not finite"):
        train_apart(RECIPE, *PLACES, 7, tmp_path / "m.safetensors")


def test_several_machines_are_refused(tmp_path):
    recipe = Recipe(train=TrainConfig(nodes=2))
    with pytest.raises(RecipeError, match="train.nodes: expected 1 in an experiment, got 2"):
        train_apart(recipe, *PLACES, 7, tmp_path / "m.safetensors")
