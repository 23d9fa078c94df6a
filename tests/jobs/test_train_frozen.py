"""`train` with an encoder that is frozen, whose levels are kept."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.levels import Levels
from clumpscope.detector.weights import load_model
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from small_training import NARROW, changed, silent

MIRRORED = AugmentConfig(transpose=False)
RECIPE = f"""
{NARROW}
[train]
epochs = 4
batch_size = 4
validation_fraction = 0.25
trainable_blocks = 0
[train.augment]
transpose = """


def frozen(**settings):
    return changed(
        epochs=4, trainable_blocks=0, augment=MIRRORED, max_learning_rate=1e-2, **settings
    )


class Stop(BaseException):
    """As a kill."""


@pytest.mark.slow
def test_a_training_that_is_gone_on_with_is_the_same_bit_for_bit(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, outs = frozen(checkpoint_steps=1), [tmp_path / f"{k}.safetensors" for k in "ab"]
    asked = []
    real = Levels.of
    monkeypatch.setattr(
        Levels, "of", lambda self, *where: asked.append(where) or real(self, *where)
    )
    train(make_plan([narrow], recipe), outs[0], 1, silent)
    assert {way for _, way in asked} == {0, 1, 2, 3}
    assert {row for row, _ in asked} == set(range(16))

    def step(epoch: int, batch: int, _: int) -> None:
        if (epoch, batch) == (2, 2):
            raise Stop

    with pytest.raises(Stop):
        train(make_plan([narrow], recipe), outs[1], 1, silent, step=step)
    assert (tmp_path / "b.training" / ".unfinished" / "levels").is_dir()
    train(make_plan([narrow], recipe), outs[1], 1, silent, resume=True)
    one, other = (
        load_model(out.with_suffix(".training") / "last.safetensors")[1].state_dict()
        for out in outs
    )
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_cache_keeps_them_for_the_same_encoder(narrow: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def folders(name: str, recipe) -> set[str]:
        train(make_plan([narrow], recipe), tmp_path / f"{name}.safetensors", 1, silent, cache=cache)
        return {folder.name for folder in cache.iterdir()}

    first = folders("a", frozen())
    assert len(first) == 2
    assert folders("b", frozen(batch_size=2)) == first
    assert folders("c", frozen(keep_levels=False)) == first


@pytest.mark.parametrize(
    ("transpose", "line"),
    [
        ("false", "is computed once: 130 images, mirrored ones too, 0.00 GB on disk"),
        ("true", "in each step: 4 epochs see an image less often than it comes in 8 ways"),
    ],
)
def test_a_dry_run_says_how_often_the_encoder_is_computed(
    transpose: str, line: str, survey: Path, tmp_path: Path
) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE + transpose)
    words = (
        "train",
        tmp_path / "recipe.toml",
        "--sample",
        survey,
        "--out",
        tmp_path / "m.safetensors",
    )
    result = CliRunner().invoke(app, [*map(str, words), "--dry-run"])
    assert line in " ".join(result.stdout.split())
