"""Galaxies drawn with replacement."""

import numpy as np
import pytest

from clumpscope.ops.resampling import all_resampled, resampled


def drawn(galaxies, draws, seed=1):
    return all_resampled(galaxies, draws, np.random.default_rng(seed))


def test_as_many_are_drawn_as_there_are():
    times = drawn(7, 130)
    assert times.shape == (130, 7)
    assert (times.sum(axis=1) == 7).all()
    assert drawn(0, 3).shape == (3, 0)
    assert drawn(4, 0).shape == (0, 4)


def test_each_is_drawn_as_often_as_chance_has_it():
    """Of four galaxies each is binomial with four draws of a quarter."""
    times = drawn(4, 20_000)
    shares = [np.mean(times == k) for k in range(5)]
    expected = [np.array([1, 4, 6, 4, 1])[k] * 0.25**k * 0.75 ** (4 - k) for k in range(5)]
    assert shares == pytest.approx(expected, abs=0.01)
    assert np.corrcoef(times[:, 0], times[:, 1])[0, 1] == pytest.approx(-1 / 3, abs=0.03)


def test_in_parts_or_at_once_and_again_the_same():
    parts = list(resampled(5, 100, np.random.default_rng(2)))
    assert len(parts) > 1
    assert (np.concatenate(parts) == drawn(5, 100, 2)).all()
    assert (drawn(5, 100, 2) == drawn(5, 100, 2)).all()
    assert (drawn(5, 100, 2) != drawn(5, 100, 3)).any()
