"""The spec of a native detector, from a recipe and perhaps an earlier model."""

import hashlib

import numpy as np
import pytest
from safetensors.numpy import save_file

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.config.train import DetectorConfig
from clumpscope.errors import ModelError
from clumpscope.models.header import KEY
from clumpscope.models.spec import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Native,
    Published,
    TrainingRange,
)
from clumpscope.models.trained import encoder_of, trained_spec

RANGE = TrainingRange(psf_fwhm_arcsec=(1.0, 1.5))
RECIPE = Recipe(
    detector=DetectorConfig(encoder="resnet10t", channels=16),
    composite=CompositeConfig(size=300, crop=150),
)


def test_it_is_as_the_recipe_describes_it():
    spec = trained_spec("mine", RECIPE, RANGE)
    assert (spec.name, spec.trained_on, spec.composite) == ("mine", RANGE, RECIPE.composite)
    assert isinstance(spec.architecture, Native)
    assert (spec.architecture.encoder, spec.architecture.channels) == ("resnet10t", 16)
    assert (spec.weights, spec.weights_sha256) == ("random", "")
    assert (spec.mean, spec.std) == ((0.1, 0.1, 0.1), (0.2, 0.2, 0.2))


def earlier(path, **changes):
    spec = trained_spec("first", RECIPE, RANGE).model_copy(update=changes)
    save_file({"a": np.zeros(2)}, path, {KEY: spec.model_dump_json()})
    return path


def test_it_tells_from_which_model_training_began(tmp_path):
    path = earlier(tmp_path / "first.safetensors")
    spec = trained_spec("second", RECIPE, TrainingRange(), start=path)
    assert spec.name == "second"
    assert spec.weights == "first"
    assert spec.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert spec.trained_on == TrainingRange()


def test_composites_are_scaled_as_the_model_has_it(tmp_path):
    path = earlier(tmp_path / "first.safetensors", mean=(0.5, 0.4, 0.3), std=(0.3, 0.2, 0.1))
    spec = trained_spec("second", RECIPE, RANGE, start=path)
    assert (spec.mean, spec.std) == ((0.5, 0.4, 0.3), (0.3, 0.2, 0.1))


def test_a_model_of_another_kind_is_no_start(tmp_path):
    other = Native(encoder="resnet10t", channels=32)
    path = earlier(tmp_path / "first.safetensors", architecture=other)
    with pytest.raises(
        ModelError, match=r"first\.safetensors architecture: expected .*, got .*'encoder:"
    ):
        trained_spec("second", RECIPE, RANGE, start=path)


def test_the_published_family_is_torchvisions():
    recipe = Recipe(detector=DetectorConfig(family="published"))
    spec = trained_spec("mine", recipe, RANGE)
    assert spec.architecture == Published()
    assert (spec.mean, spec.std) == (IMAGENET_MEAN, IMAGENET_STD)
    assert encoder_of(spec) == "resnet50"


def test_the_published_family_takes_no_setting_of_the_others():
    with pytest.raises(ValueError, match="family published does not take encoder, head"):
        DetectorConfig(family="published", encoder="resnet10t", head=64)
