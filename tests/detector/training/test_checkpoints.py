"""A training that is ended at any moment goes on from its checkpoint, bit for bit."""

from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from clumpscope.config.train import AugmentConfig
from clumpscope.detector.training.fit import Place, fit, seeded
from clumpscope.errors import FolderError
from toy_training import Diary, Toy, config_of, images, somewhere, whole


class Killed(BaseException):
    """Ends a training where nothing is tidied up."""


def begun(place: Place, stop_at: tuple[int, int] | None, every: int, workers: int = 0):
    """A training of three epochs of three steps, ended after a batch of an epoch."""
    with seeded(3):
        network = Toy()
    augment = AugmentConfig(gain=0.2, scale=0.2)
    data = whole(images(1, 2, None, 1, 1, 2), augment, 3)
    settings = config_of(
        epochs=3, max_learning_rate=1e-2, augment=augment, checkpoint_steps=every, workers=workers
    )
    diary = Diary()

    def step(epoch, batch, _):
        if (epoch, batch) == stop_at:
            raise Killed

    watch = replace(diary.watch, step=step)
    with suppress(Killed):
        fit(network, data, whole(images(1, 2)), settings, 3, watch, place)
    return network.state_dict(), (place.logs / "metrics.csv").read_bytes(), diary


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    return begun(Place(folder, folder / "state"), None, 100)


@pytest.mark.parametrize("every", [1, 2, 100])
@pytest.mark.parametrize("stop_at", [(1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (3, 1)])
def test_a_training_that_was_killed_goes_on_bit_for_bit(stop_at, every, unbroken):
    """Batches 1 to 3 of an epoch are learned from, 4 is held out: a kill in validation."""
    place = somewhere()
    begun(place, stop_at, every)
    weights, log, diary = begun(place, None, every)
    assert all(torch.equal(weights[name], one) for name, one in unbroken[0].items())
    assert log == unbroken[1]
    whole = unbroken[2].reported
    assert diary.reported == whole[len(whole) - len(diary.reported) :]
    if every < 100:  # not from the beginning
        assert len(diary.reported) == 4 - stop_at[0]


def test_a_training_that_was_killed_goes_on_with_other_workers(unbroken):
    place = somewhere()
    begun(place, (2, 2), 1, workers=2)
    weights, log, _ = begun(place, None, 1, workers=1)
    assert all(torch.equal(weights[name], one) for name, one in unbroken[0].items())
    assert log == unbroken[1]


def test_a_training_that_had_ended_does_nothing_more(unbroken):
    place = somewhere()
    begun(place, None, 100)
    weights, log, diary = begun(place, None, 100)
    assert all(torch.equal(weights[name], one) for name, one in unbroken[0].items())
    assert (log, diary.reported) == (unbroken[1], [])


def test_a_checkpoint_that_is_damaged_is_named():
    place = somewhere()
    begun(place, (2, 2), 1)
    (place.state / "state.ckpt").write_bytes(b"nothing")
    with pytest.raises(FolderError, match=r"state\.ckpt: expected a checkpoint of ours, got"):
        begun(place, None, 1)


def test_a_checkpoint_holds_nothing_that_could_run():
    place = somewhere()
    begun(place, (2, 2), 1)
    found = torch.load(place.state / "state.ckpt", weights_only=True)
    assert found["global_step"] == 4
