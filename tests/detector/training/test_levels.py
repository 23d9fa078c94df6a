"""Levels of a frozen encoder that are kept: the same training as with those computed each time."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.freezing import freeze
from clumpscope.detector.network import build, encoder_module
from clumpscope.detector.training.data import ViewDataset
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.detector.training.fit import fit, seeded
from clumpscope.detector.training.levels import (
    Keeping,
    computed,
    kept_levels,
    levels_key,
    obstacle,
    ways_of,
)
from clumpscope.errors import TrainingError
from networks import native_spec
from toy_training import Diary, config_of, images, somewhere, whole

MIRRORED = AugmentConfig()
SQUARES = np.array([[3, 64, 64], [3, 64, 64]])
FROZEN = {"trainable_blocks": 0, "epochs": 8, "augment": MIRRORED}


def spec_of(finds: str):
    spec = native_spec()
    return spec.model_copy(
        update={"architecture": spec.architecture.model_copy(update={"finds": finds})}
    )


def network_of(finds: str):
    with seeded(3):
        network = build(spec_of(finds))
    freeze(encoder_module(network), 0)
    return network


def trained(finds: str, *, kept: bool):
    """Losses and weights of a training, with levels that are kept, or rounded as those are."""
    network = network_of(finds)
    learning = whole(images(1, 2, None, 1), MIRRORED)
    checking = whole(images(2, 1, 1))
    if kept:
        checking.data = learning.data  # as in a training: rows of one set
        checking.rows = np.array([1, 2])
        both = ViewDataset(learning.data, np.arange(2), None, 0)
        rest = ViewDataset(learning.data, np.arange(2, 4), None, 0)
        learning.levels = computed(network, [(both, 8), (rest, 8)])
        checking.levels = learning.levels
    else:
        checking.data, checking.rows = learning.data, np.array([1, 2])
        encoder_module(network).register_forward_hook(
            lambda _, __, levels: [level.half().float() for level in levels]
        )
    asked = []
    encoder_module(network).register_forward_hook(lambda *_: asked.append(1))
    before = {k: v.clone() for k, v in encoder_module(network).state_dict().items()}
    diary = Diary()
    settings = config_of(epochs=2, max_learning_rate=1e-3, trainable_blocks=0, augment=MIRRORED)
    fit(network, learning, checking, settings, 5, diary.watch, somewhere())
    assert bool(asked) != kept
    after = encoder_module(network).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    return diary.reported, network.state_dict()


@pytest.mark.parametrize("finds", ["boxes", "centres"])
def test_a_training_is_the_same_with_levels_that_are_kept(finds):
    told, weights = trained(finds, kept=False)
    again, others = trained(finds, kept=True)
    assert list(weights) == list(others)
    for one, other in zip(told, again, strict=True):
        assert one == pytest.approx(other, rel=1e-3, nan_ok=True)
    for key, one in weights.items():
        torch.testing.assert_close(others[key], one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("finds", ["boxes", "centres"])
def test_each_way_has_the_levels_of_what_the_network_is_shown(finds):
    network = network_of(finds)
    data = whole(images(1, 2, 1), MIRRORED)
    data.levels = computed(network, [(whole(data.data), 8)])
    encoder = encoder_module(network).eval()
    seen = set()
    for data.epoch in range(30):
        image, target = data[1]
        with torch.inference_mode():
            wanted = encoder(network.batch([image]))
        for k, level in enumerate(wanted):
            kept = target[f"level{k}"].permute(2, 0, 1).float()
            torch.testing.assert_close(kept, level[0], rtol=2e-3, atol=1e-4)
        seen.add(float(image[0, 0, 0] + 3 * image[0, 0, -1] + 7 * image[0, -1, 0]))
    assert len(seen) == 8


def test_a_folder_keeps_them(tmp_path):
    network, data = network_of("centres"), whole(images(1, 2))
    assert kept_levels(tmp_path, 2) is None
    one = computed(network, [(data, 4)], tmp_path)
    other = kept_levels(tmp_path, 2)
    assert other.bytes == one.bytes == 2 * (16 * 16 * 64 + 8 * 8 * 128 + 4 * 4 * 256)
    for row in range(2):
        for way in range(4):
            for key, level in one.of(row, way).items():
                assert torch.equal(other.of(row, way)[key], level)


def test_levels_of_another_encoder_have_another_key():
    spec, network = spec_of("centres"), network_of("centres")
    key = levels_key("x", spec, network, 8)
    assert key == levels_key("x", spec, network_of("centres"), 8)
    other = spec.model_copy(update={"mean": (0.2, 0.1, 0.1)})
    wider = spec.architecture.model_copy(update={"pad_to": 32})
    padded = spec.model_copy(update={"architecture": wider})
    changes = [("x", other, 8), ("x", padded, 8), ("y", spec, 8), ("x", spec, 4)]
    keys = {levels_key(images, one, network, ways) for images, one, ways in changes}
    assert len(keys | {key}) == 5
    with torch.no_grad():
        next(encoder_module(network).parameters()).view(-1)[0] += 1
    assert key != levels_key("x", spec, network, 8)


@pytest.mark.parametrize(
    ("shapes", "changes", "ours", "reason"),
    [
        (SQUARES, {}, True, ""),
        (SQUARES, {"epochs": 1, "augment": AugmentConfig(flips=False)}, True, ""),
        (SQUARES, {"epochs": 4, "augment": AugmentConfig(transpose=False)}, True, ""),
        (SQUARES, {"keep_levels": False}, True, "keep_levels is false"),
        (SQUARES, {}, False, "published"),
        (SQUARES, {"augment": AugmentConfig(gain=0.1, scale=0.1)}, True, "images: gain, scale$"),
        (SQUARES, {"epochs": 7}, True, "7 epochs .* 8 ways"),
        (np.array([[3, 64, 64], [3, 48, 48]]), {}, True, "not all squares of one size"),
        (np.array([[3, 64, 48]]), {}, True, "not all squares of one size"),
    ],
)
def test_what_keeps_them_from_being_kept(shapes, changes, ours, reason):
    found = obstacle(shapes, config_of(**{**FROZEN, **changes}), ours=ours)
    if reason:
        assert re.search(reason, found)
    else:
        assert found == ""


def test_images_that_pass_the_encoder():
    keeping = Keeping("", ways_of(MIRRORED))
    assert keeping.images(10, 3) == 83
    assert replace(keeping, obstacle="no").images(10, 3) == 0


def test_numbers_beyond_16_bits_are_told():
    network = network_of("centres")
    with torch.no_grad():
        for parameter in encoder_module(network).parameters():
            parameter.mul_(1e3)
    item = Labelled(np.full((3, 64, 64), 99, np.uint8), np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    data = ViewDataset(TrainingSet.filled([item]), np.arange(1), None, 0)
    with pytest.raises(TrainingError, match="of 16 bits, got .*; keep_levels = false"):
        computed(network, [(data, 1)])
