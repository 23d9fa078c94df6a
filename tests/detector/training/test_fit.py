"""Which epochs are saved, and which numbers go with them."""

import math

import numpy as np
import pytest

from clumpscope.config.train import AugmentConfig, TrainConfig
from clumpscope.detector.training.data import TrainingSet
from clumpscope.detector.training.fit import fit
from networks import CROP, native_network

BOX = np.array([[10.0, 12.0, 20.0, 22.0]])


def images(*labels: int | None) -> TrainingSet:
    """One image a label; None is an image without a label."""
    rng = np.random.default_rng(0)
    return TrainingSet(
        rng.integers(0, 255, (len(labels), 3, CROP, CROP), dtype=np.uint8),
        [BOX[: label is not None] for label in labels],
        [np.array([] if label is None else [label], np.int64) for label in labels],
    )


def trained(validation: TrainingSet, floor: float, epochs: int = 2):
    network = native_network().train()
    network.roi_heads.score_thresh = floor
    config = TrainConfig(
        epochs=epochs, batch_size=2, max_learning_rate=1e-9, augment=AugmentConfig(flips=False)
    )
    reported, saved = [], []
    fit(
        network,
        images(1, 2, None, 1),
        validation,
        config,
        0,
        lambda _, metrics: reported.append(metrics),
        lambda _, metrics: saved.append(metrics),
    )
    return reported, saved


@pytest.mark.parametrize("floor", [0.05, 1.0])
def test_a_model_is_saved_though_no_held_out_image_has_a_label(floor):
    reported, saved = trained(images(None, None), floor)
    assert saved == reported
    assert len(saved) == 2
    assert all(math.isnan(one["ap50"]) and math.isnan(one["ap50_clump"]) for one in saved)


def test_the_precision_of_odd_clumps_is_not_that_of_clumps():
    (metrics,), saved = trained(images(2, 2), 1.0, epochs=1)
    assert metrics["ap50"] == 0
    assert math.isnan(metrics["ap50_clump"])
    assert saved == [metrics]


def test_the_precision_of_clumps():
    (metrics,), _ = trained(images(1, 2), 1.0, epochs=1)
    assert metrics["ap50"] == metrics["ap50_clump"] == 0


def test_an_epoch_that_is_no_better_is_not_saved():
    reported, saved = trained(images(1, 2), 1.0)
    assert len(reported) == 2
    assert saved == reported[:1]
