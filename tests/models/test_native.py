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
from clumpscope.models.native import native_spec
from clumpscope.models.spec import Native, TrainingRange

RANGE = TrainingRange(psf_fwhm_arcsec=(1.0, 1.5))
RECIPE = Recipe(
    detector=DetectorConfig(encoder="resnet10t", channels=16),
    composite=CompositeConfig(size=300, crop=150),
)


def test_it_is_as_the_recipe_describes_it():
    spec = native_spec("mine", RECIPE, RANGE)
    assert (spec.name, spec.trained_on, spec.composite) == ("mine", RANGE, RECIPE.composite)
    assert isinstance(spec.architecture, Native)
    assert (spec.architecture.encoder, spec.architecture.channels) == ("resnet10t", 16)
    assert (spec.weights, spec.weights_sha256) == ("random", "")
    assert (spec.mean, spec.std) == ((0.1, 0.1, 0.1), (0.2, 0.2, 0.2))


def earlier(path, **changes):
    spec = native_spec("first", RECIPE, RANGE).model_copy(update=changes)
    save_file({"a": np.zeros(2)}, path, {KEY: spec.model_dump_json()})
    return path


def test_it_tells_from_which_model_training_began(tmp_path):
    path = earlier(tmp_path / "first.safetensors")
    spec = native_spec("second", RECIPE, TrainingRange(), start=path)
    assert spec.name == "second"
    assert spec.weights == "first"
    assert spec.weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert spec.trained_on == TrainingRange()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("architecture", Native(encoder="resnet10t", channels=32)),
        ("mean", (0.2, 0.1, 0.1)),
        ("std", (0.3, 0.2, 0.2)),
    ],
)
def test_a_model_of_another_kind_is_no_start(tmp_path, part, value):
    path = earlier(tmp_path / "first.safetensors", **{part: value})
    with pytest.raises(ModelError, match=rf"first\.safetensors {part}: expected .*, got "):
        native_spec("second", RECIPE, RANGE, start=path)
