"""A network of shapes learns from votes and from what looks alike, and starts a detector."""

import numpy as np
import pytest
import torch

from clumpscope.config.morphology import MorphologyConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.train import TrainConfig
from clumpscope.core.questions import ANSWERS
from clumpscope.detector.checkpoints import read_safetensors
from clumpscope.detector.morphology import module
from clumpscope.detector.morphology.fit import fit_morphology
from clumpscope.detector.morphology.module import correlation, shares
from clumpscope.detector.pretraining.module import Keeper
from clumpscope.detector.starts.begin import begin, encoder_module
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.errors import ModelError, TableError, TrainingError
from clumpscope.models.encoder import read_card
from clumpscope.models.starts import find_start
from networks import native_spec

TINY = "resnet10t"
NOTHING = np.empty((0, 4)), np.empty(0, int), np.empty(0)
BAR = [ANSWERS.index(name) for name in ("bar_yes", "bar_no")]


def recipe(**changes) -> Recipe:
    settings = {
        "encoder": TINY,
        "size": 32,
        "epochs": 4,
        "batch_size": 8,
        "learning_rate": 1e-2,
        "margin": 0.1,
        "agreement": 0.1,
    }
    return Recipe(seed=3, morphology=MorphologyConfig(**{**settings, **changes}))


def galaxies(count=40, unlabelled=0) -> tuple[TrainingSet, np.ndarray]:
    """Noise, every other one with a bright spot that nearly all call a bar; the last unlabelled."""
    rng = np.random.default_rng(1)
    items = []
    votes = np.zeros((count, len(ANSWERS)), int)
    for k in range(count):
        pixels = rng.integers(0, 60, (3, 32, 32), dtype=np.uint8)
        if k % 2:
            pixels[:, 12:20, 12:20] = 250
        items.append(Labelled(pixels, *NOTHING))
        votes[k, BAR] = (36, 4) if k % 2 else (2, 38)
    votes[count - unlabelled :] = 0
    return TrainingSet.filled(items), votes


def last(count, held_out=8) -> np.ndarray:
    return np.arange(count) >= count - held_out


def test_it_learns_and_its_encoder_starts_a_detector(tmp_path):
    told = []
    out = tmp_path / "e.safetensors"
    data, votes = galaxies()
    votes[[2, 3]] = 0
    card = fit_morphology(
        data, votes, last(40), recipe(), None, out, lambda *each: told.append(each)
    )
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4]
    best = max((metrics for _, metrics in told), key=lambda metrics: metrics["likelihood"])
    assert best["bar"] > 0.9
    assert best["likelihood"] > told[0][1]["likelihood"]
    assert "edge_on" not in best  # nobody was asked
    assert card.metrics["likelihood"] == best["likelihood"]
    assert read_card(out) == card
    assert "votes for 30 images and 2 without, validated on 8" in card.provenance
    tensors = read_encoder(out, TINY).tensors
    assert sorted(read_safetensors(out)) == sorted(encoder_layout(TINY))
    spec, network = begin(native_spec(), find_start(str(out)), TrainConfig(), 0)
    state = encoder_module(network).state_dict()
    assert all(torch.equal(one, tensors[key]) for key, one in state.items())
    assert (spec.mean, spec.std) == (card.mean, card.std)


def test_one_seed_one_file_and_other_galaxies_another(tmp_path):
    made = []
    for name, drawn, held_out in (("a", 1, last(20)), ("b", 2, last(20)), ("c", 1, last(20, 4))):
        torch.manual_seed(drawn)
        out = tmp_path / f"{name}.safetensors"
        data, votes = galaxies(20)
        fit_morphology(data, votes, held_out, recipe(epochs=1), None, out, lambda *_: None)
        made.append(read_encoder(out, TINY).tensors)
    first = made[0]
    assert all(torch.equal(first[key], made[1][key]) for key in first)
    assert not torch.equal(first["conv1.0.weight"], made[2]["conv1.0.weight"])


def test_what_has_no_votes_teaches_only_what_looks_alike(tmp_path):
    data, votes = galaxies(24, unlabelled=8)
    held_out = (np.arange(24) >= 12) & (np.arange(24) < 16)
    for agreement, learned in ((0.1, "12 images and 8 without"), (0, "12 images and 0 without")):
        out = tmp_path / f"{agreement}.safetensors"
        settings = recipe(epochs=1, agreement=agreement)
        card = fit_morphology(data, votes, held_out, settings, None, out, lambda *_: None)
        assert f"votes for {learned}, validated on 4" in card.provenance


def test_ctrl_c_leaves_the_best_so_far(tmp_path, monkeypatch):
    out = tmp_path / "e.safetensors"
    data, votes = galaxies(20)

    def pressed(epoch, _):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_morphology(data, votes, last(20), recipe(), None, out, pressed)
    card = read_card(out)
    assert card is not None
    assert len(read_encoder(out, TINY).tensors) > 10


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (slice(0, 12), "galaxies to learn from: expected some with votes, got none"),
        (slice(12, 20), "galaxies held out: expected some with votes, got none"),
        (slice(1, 12), "images to learn from: expected two or more, got one"),
    ],
)
def test_too_little_is_refused(votes, message, tmp_path):
    data, given = galaxies(20)
    given[votes] = 0
    settings = recipe(agreement=0)
    with pytest.raises(TableError, match=message):
        fit_morphology(data, given, last(20), settings, None, tmp_path / "e.safetensors", print)


def test_a_loss_that_is_not_finite_ends_it(tmp_path, monkeypatch):
    data, votes = galaxies(20)
    monkeypatch.setattr(module, "unlikelihood", lambda votes, _: votes.sum(1) * float("nan"))
    with pytest.raises(TrainingError, match="loss: expected a finite number, got nan"):
        fit_morphology(data, votes, last(20), recipe(), None, tmp_path / "e.safetensors", print)


def test_a_detector_is_no_start(cache, tmp_path):
    data, votes = galaxies(20)
    start = find_start("clumpscope-native")
    with pytest.raises(ModelError, match=r"expected weights of an encoder"):
        fit_morphology(data, votes, last(20), recipe(), start, tmp_path / "e.safetensors", print)


def test_the_correlation_is_pearsons_of_shares():
    rng = np.random.default_rng(0)
    given, told = (torch.tensor(rng.integers(1, 9, (30, 2))) for _ in range(2))
    one, other = shares(given)[:, 0], shares(told)[:, 0]
    assert one[3] == given[3, 0] / given[3].sum()
    expected = np.corrcoef(one, other)[0, 1]
    assert correlation(shares(given), shares(told)) == pytest.approx(expected)
    assert correlation(torch.ones(3, 2), shares(told[:3])) == 0


def test_the_keeper_begins_below_everything(tmp_path):
    assert Keeper(torch.nn.Identity(), None, tmp_path, print).best == -np.inf
