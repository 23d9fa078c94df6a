"""A classifier learns, is kept when it is best, and gives its encoder to a detector."""

import numpy as np
import pytest
import torch
from torch import nn

from clumpscope.config.classifier import ClassifierConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.train import TrainConfig
from clumpscope.detector.checkpoints import read_safetensors
from clumpscope.detector.classifier.fit import fit_classifier
from clumpscope.detector.pretraining.fit import beginning
from clumpscope.detector.pretraining.module import Scaled
from clumpscope.detector.starts.begin import begin, encoder_module
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.starts.normalisation import UNIT
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.errors import ModelError, TableError
from clumpscope.models.encoder import read_card
from clumpscope.models.starts import find_start
from networks import native_spec

TINY = "resnet10t"
NO_NOISE = np.empty(0, np.float32)


def recipe(**changes) -> Recipe:
    settings = {"encoder": TINY, "size": 32, "epochs": 4, "batch_size": 8, "learning_rate": 3e-3}
    return Recipe(seed=3, classifier=ClassifierConfig(**{**settings, **changes}))


def galaxies(clumpy) -> TrainingSet:
    """Noise, and a bright spot where a galaxy is clumpy."""
    rng = np.random.default_rng(1)
    items = []
    for one in clumpy:
        pixels = rng.integers(0, 60, (3, 32, 32), dtype=np.uint8)
        if one:
            pixels[:, 12:20, 12:20] = 250
        n = int(one)
        items.append(
            Labelled(
                pixels, np.full((n, 4), [12.0, 12, 20, 20]), np.ones(n, int), np.ones(n), NO_NOISE
            )
        )
    return TrainingSet.filled(items)


ALTERNATING = [k % 2 == 0 for k in range(40)]


def test_it_learns_and_its_encoder_starts_a_detector(tmp_path):
    told = []
    out = tmp_path / "e.safetensors"
    data = galaxies(ALTERNATING)
    card = fit_classifier(data, 32, recipe(), None, out, lambda *a: told.append(a))
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4]
    best = max(metrics["accuracy"] for _, metrics in told)
    assert best >= 0.9
    assert card.metrics["accuracy"] == best
    assert read_card(out) == card
    assert "32 images (16 clumpy), validated on 8" in card.provenance
    tensors = read_encoder(out, TINY).tensors
    assert sorted(read_safetensors(out)) == sorted(encoder_layout(TINY))  # no classifier
    random = beginning(recipe().classifier, None, 3, outputs=1).network.state_dict()
    assert not torch.equal(tensors["conv1.0.weight"], random["conv1.0.weight"])
    spec, network = begin(native_spec(), find_start(str(out)), TrainConfig(), 0)
    state = encoder_module(network).state_dict()
    assert all(torch.equal(one, tensors[key]) for key, one in state.items())
    assert (spec.mean, spec.std) == (card.mean, card.std)


def test_one_seed_one_file(tmp_path):
    made = []
    for name, drawn in (("a", 1), ("b", 2)):
        torch.manual_seed(drawn)
        out = tmp_path / f"{name}.safetensors"
        data = galaxies(ALTERNATING[:20])
        fit_classifier(data, 12, recipe(epochs=1), None, out, lambda *_: None)
        made.append(read_encoder(out, TINY).tensors)
    assert all(torch.equal(made[0][key], made[1][key]) for key in made[0])


def test_it_begins_with_weights(tmp_path):
    given = {key: torch.rand(one.shape) for key, one in encoder_layout(TINY).items()}
    given = {k: v if "batches" not in k else torch.tensor(3) for k, v in given.items()}
    torch.save(given, tmp_path / "z.pth")
    start = find_start(str(tmp_path / "z.pth"))
    with pytest.raises(ModelError, match="normalisation of"):
        beginning(recipe().classifier, start, 0, outputs=1)
    config = recipe(normalisation="unit").classifier
    began = beginning(config, start, 0, outputs=1)
    assert all(torch.equal(began.network.state_dict()[key], one) for key, one in given.items())
    assert began.scaling == UNIT
    assert len(began.sha256) == 64


def test_a_detector_is_no_start(cache):
    with pytest.raises(ModelError, match=r"expected weights of an encoder.*'encoder:clumpscope"):
        beginning(recipe().classifier, find_start("clumpscope-native"), 0, outputs=1)


@pytest.mark.parametrize(
    ("clumpy", "message"),
    [
        ([True] * 8, "galaxies to learn from: expected clumpy ones and others, got 6 of 6 clumpy"),
        ([True, False] * 3 + [False] * 2, "galaxies held out: .* got 0 of 2 clumpy"),
    ],
)
def test_one_kind_alone_teaches_nothing(clumpy, message, tmp_path):
    with pytest.raises(TableError, match=message):
        fit_classifier(galaxies(clumpy), 6, recipe(), None, tmp_path / "e.safetensors", print)


def test_images_are_scaled_before_the_network():
    class Seen(nn.Module):
        def forward(self, images):
            return images.mean(dim=(1, 2, 3))

    classifier = Scaled(Seen(), ((0.5, 0.25, 0.0), (0.5, 0.25, 1.0)))
    found = classifier(torch.ones(1, 3, 4, 4))
    assert float(found) == pytest.approx((1 + 3 + 1) / 3)
