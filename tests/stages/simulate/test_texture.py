"""Random fields: their variance, scale and direction."""

import numpy as np
import pytest

from clumpscope.stages.simulate.texture import grain, sheared


@pytest.mark.parametrize("n", [64, 101])
def test_grain_has_zero_mean_and_unit_variance(n):
    field = grain(np.random.default_rng(0), n, 4.0)
    assert field.shape == (n, n)
    assert abs(float(field.mean())) < 1e-3
    assert float(field.std()) == pytest.approx(1, rel=1e-4)


def test_coarser_grain_is_alike_over_longer_distances():
    def likeness(scale):
        field = grain(np.random.default_rng(1), 256, scale)
        return float((field * np.roll(field, 6, axis=0)).mean())

    assert likeness(8.0) > likeness(2.0) + 0.2


def test_streaks_lie_along_spirals():
    log_radius = np.linspace(-1, 1, 200, dtype=np.float32)[:, None] * np.ones(300, np.float32)
    azimuth = np.ones((200, 1), np.float32) * np.linspace(-3, 3, 300, dtype=np.float32)
    pitch = 0.4
    along, against = [], []
    for seed in range(6):
        field = sheared(np.random.default_rng(seed), log_radius, azimuth, pitch, 1)
        # A step of 20 rows (0.2 in ln R) goes 0.2 / tan(pitch) in azimuth along a spiral.
        cols = round(0.2 / np.tan(pitch) / (6 / 299))
        inner = field[:-20, cols:-cols]
        along.append(np.mean(inner * field[20:, 2 * cols :]))
        against.append(np.mean(inner * field[20:, : -2 * cols]))
    assert np.mean(along) > np.mean(against) + 0.2
