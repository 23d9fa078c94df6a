"""Training: what is told and saved, epochs that differ, draws from one seed alone."""

import math
import random
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.examples import TrainingSet
from clumpscope.detector.training.fit import fit, initial, seeded
from clumpscope.detector.training.order import Order
from clumpscope.errors import TrainingError
from networks import native_network, native_spec
from toy_training import STILL, Diary, Toy, config_of, images, somewhere, whole


def trained(validation: TrainingSet, floor: float, epochs: int = 2) -> Diary:
    network = native_network().train()
    network.roi_heads.score_thresh = floor
    diary = Diary()
    learning = whole(images(1, 2, None, 1), STILL)
    fit(network, learning, whole(validation), config_of(epochs=epochs), 0, diary.watch, somewhere())
    return diary


@pytest.mark.parametrize("floor", [0.05, 1.0])
def test_a_model_is_saved_though_no_held_out_image_has_a_label(floor):
    diary = trained(images(None, None), floor)
    assert diary.saved == diary.reported
    assert len(diary.saved) == 2
    assert all(math.isnan(one["ap50"]) and math.isnan(one["ap50_clump"]) for one in diary.saved)


def test_the_precision_of_odd_clumps_is_not_that_of_clumps():
    diary = trained(images(2, 2), 1.0, epochs=1)
    assert diary.reported[0]["ap50"] == 0
    assert math.isnan(diary.reported[0]["ap50_clump"])
    assert diary.saved == diary.reported


def test_the_precision_of_clumps():
    (metrics,) = trained(images(1, 2), 1.0, epochs=1).reported
    assert metrics["ap50"] == metrics["ap50_clump"] == 0


def test_an_epoch_that_is_no_better_is_not_saved():
    diary = trained(images(1, 2), 1.0)
    assert len(diary.reported) == 2
    assert diary.saved == diary.reported[:1]


def test_every_batch_is_told():
    """Four images to learn from and three held out, two a batch."""
    diary = trained(images(1, 2, None), 1.0)
    assert diary.steps == [(epoch, batch, 4) for epoch in (1, 2) for batch in (1, 2, 3, 4)]


@pytest.mark.parametrize("workers", [0, 1])
def test_no_epoch_shows_the_same_augmentation(workers, monkeypatch):
    """The network is shown every image once an epoch, brighter or fainter by another factor."""
    shown = []
    network = native_network().train()
    forward = network.forward

    def look(batch, targets=None):
        if torch.is_grad_enabled():  # else it is judged
            shown.append([float(image.sum()) for image in batch])
        return forward(batch, targets)

    monkeypatch.setattr(network, "forward", look)
    augment = AugmentConfig(flips=False, gain=0.5)
    data = whole(images(1, 1), augment, 5)
    settings = config_of(epochs=3, augment=augment, workers=workers)
    fit(network, data, whole(images(1)), settings, 5, Diary().watch, somewhere())
    assert len(shown) == 3
    expected = []
    for data.epoch in range(3):
        expected.append(sorted(float(data[k][0].sum()) for k in range(2)))
    assert [sorted(batch) for batch in shown] == [pytest.approx(one) for one in expected]
    assert len({round(light, 2) for batch in shown for light in batch}) == 6


def weights(seed: int) -> dict[str, torch.Tensor]:
    """A network after three steps, all of it from one seed."""
    network = initial(native_spec(), None, seed)
    augment = AugmentConfig(gain=0.2, scale=0.2)
    data = whole(images(1, 2, None, 1, 1, 2), augment, seed)
    settings = config_of(epochs=1, max_learning_rate=1e-2, augment=augment)
    fit(network, data, whole(images(1, 2)), settings, seed, Diary().watch, somewhere())
    return network.state_dict()


def test_one_seed_one_network_whatever_was_drawn_before():
    torch.manual_seed(1)
    first = weights(3)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002  (what others may have done)
    random.seed(2)
    again, other = weights(3), weights(4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_nobody_elses_draws_are_changed():
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    weights(3)
    after = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert all(np.array_equal(a, b) for a, b in zip(before[1], after[1], strict=True))
    assert before[2] == after[2]


def test_ctrl_c_comes_out_and_works_again():
    """Lightning switches it off while it tidies up, and would then exit."""
    # A process in the background may have been started with it switched off.
    first = signal.signal(signal.SIGINT, signal.default_int_handler)

    def stop(epoch, batch, _):
        if (epoch, batch) == (2, 1):
            signal.raise_signal(signal.SIGINT)

    diary = Diary()
    watch = replace(diary.watch, step=stop)
    before = signal.getsignal(signal.SIGINT)
    data, held = whole(images(1, 2), STILL), whole(images(1))
    with pytest.raises(KeyboardInterrupt):
        fit(native_network().train(), data, held, config_of(), 0, watch, somewhere())
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, first)
    assert (len(diary.reported), len(diary.saved)) == (1, 1)


class Bad(Toy):
    """A toy whose second loss is not a number from some step on."""

    def __init__(self, step: int):
        super().__init__()
        self.left = step

    def forward(self, batch, targets=None):
        found = super().forward(batch, targets)
        if torch.is_grad_enabled():
            self.left -= 1
            if self.left < 0:
                found["two"] = found["two"] * math.inf
        return found


def test_a_loss_that_is_not_finite_ends_it_and_its_batch_is_kept():
    data = whole(images(1, 2, None, 1, 1, 2), STILL)
    diary, place = Diary(), somewhere()
    settings = config_of(checkpoint_steps=1)
    problem = (
        r"losses of epoch 2, batch 2: expected finite numbers, got loss (inf|nan), two (inf|nan); "
        "the batch is in a safe place"
    )
    for network in (Bad(4), Bad(0)):  # again, after the last checkpoint
        with pytest.raises(TrainingError, match=problem):
            fit(network, data, whole(images(1)), settings, 0, diary.watch, place)
    (pixels, boxes, rows), again = diary.broken
    assert again[2] == rows == [row for _, row in Order(6, 2, 0).batch(4)]
    for image, box, row in zip(pixels, boxes, rows, strict=True):
        np.testing.assert_array_equal(np.rint(image * 255), data.data.pixels[row])
        np.testing.assert_array_equal(box, data.data.boxes[row])
    assert len(diary.reported) == 1


def test_frozen_batch_norms_keep_every_bit_and_the_rest_learns():
    for kind in ("frozen", "trained"):
        with seeded(1):
            network = Toy()
        network.layers[1].running_mean.fill_(0.25)
        before = {name: one.clone() for name, one in network.state_dict().items()}
        settings = config_of(batch_norm=kind, max_learning_rate=1e-2)
        fit(network, whole(images(1, 2)), whole(images(1)), settings, 0, Diary().watch, somewhere())
        same = {n: torch.equal(before[n], one) for n, one in network.state_dict().items()}
        assert not same["layers.0.weight"]
        norm = {n: is_same for n, is_same in same.items() if n.startswith("layers.1")}
        assert all(norm.values()) == (kind == "frozen")
