"""Training on a small sample: a model file that can be loaded and finds something."""

from pathlib import Path

import numpy as np
import pytest
import torch

from clumpscope.config import AugmentConfig, DetectorConfig, Recipe, TrainConfig
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.schema import plain
from clumpscope.detector.predict import Detector
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, StoreError
from clumpscope.learn import labels_by_galaxy, learn
from clumpscope.store.sample import Sample

RECIPE = Recipe(
    detector=DetectorConfig(channels=16, head=16),
    train=TrainConfig(
        epochs=1,
        batch_size=4,
        validation_fraction=0.2,
        augment=AugmentConfig(scale=0.1, smooth=0.5),
    ),
)


def test_training_writes_a_model_that_loads(survey: Path, tmp_path: Path) -> None:
    reported = []
    spec = learn(survey, tmp_path / "m.safetensors", RECIPE, 1, lambda *a: reported.append(a))
    assert [epoch for epoch, _ in reported] == [1]
    assert np.isfinite(reported[0][1]["loss"])
    detector = Detector.load(tmp_path / "m.safetensors", 0.0)
    assert detector.spec == spec
    assert spec.trained_on.psf_fwhm_arcsec is not None
    low, high = spec.trained_on.psf_fwhm_arcsec
    assert 0.9 < low < high < 2


def test_training_goes_on_from_a_model(survey: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    learn(survey, first, RECIPE, 1, lambda *_: None)
    still = RECIPE.train.model_copy(update={"start": str(first), "max_learning_rate": 1e-9})
    learn(survey, second, RECIPE.model_copy(update={"train": still}), 1, lambda *_: None)
    before, after = (load_model(path)[1].state_dict() for path in (first, second))
    name = "roi_heads.box_predictor.cls_score.weight"
    assert torch.allclose(before[name], after[name], atol=1e-3)
    other = still.model_copy(update={"start": None})
    learn(survey, second, RECIPE.model_copy(update={"train": other, "seed": 9}), 1, lambda *_: None)
    assert not torch.allclose(before[name], load_model(second)[1].state_dict()[name], atol=1e-3)
    wider = RECIPE.model_copy(update={"train": still, "detector": DetectorConfig(channels=32)})
    with pytest.raises(ModelError, match="architecture"):
        learn(survey, second, wider, 1, lambda *_: None)


def test_labels_come_as_the_table_has_them(survey: Path) -> None:
    sample = Sample.open(survey)
    table, boxes = sample.labels(), labels_by_galaxy(sample)
    assert sum(map(len, boxes.values())) == len(table)
    galaxy_id = str(table["galaxy_id"][0])
    mine = np.asarray(table["galaxy_id"]) == galaxy_id
    assert boxes[galaxy_id].xyxy[:, 0] == pytest.approx(plain(table, "x1")[mine])
    assert boxes_native_to_fraction([[-0.5, -0.5, 99.5, 99.5]], (100, 100)).tolist() == [
        [0, 0, 1, 1]
    ]


def test_bad_input(survey: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        learn(tmp_path / "none", tmp_path / "m.safetensors", RECIPE, 1, lambda *_: None)
    unknown = RECIPE.model_copy(update={"detector": DetectorConfig(encoder="resnet17")})
    with pytest.raises(ModelError, match="resnet17"):
        learn(survey, tmp_path / "m.safetensors", unknown, 1, lambda *_: None)
