"""Losses against closed forms."""

import numpy as np
import pytest
import torch
from scipy.stats import dirichlet_multinomial

from clumpscope.core.questions import ANSWERS, spans
from clumpscope.detector.morphology.losses import disagreement, unlikelihood


def test_votes_are_as_unlikely_as_scipy_says():
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 20, (4, len(ANSWERS)))
    alpha = rng.uniform(1, 101, votes.shape)
    expected = [
        -sum(
            dirichlet_multinomial.logpmf(votes[k, s], alpha[k, s], votes[k, s].sum())
            for _, s in spans()
        )
        for k in range(4)
    ]
    found = unlikelihood(torch.tensor(votes), torch.tensor(alpha))
    assert found.numpy() == pytest.approx(np.array(expected), rel=1e-4)


def test_a_question_that_was_not_asked_adds_nothing():
    alpha = torch.full((1, len(ANSWERS)), 7.0, requires_grad=True)
    votes = torch.zeros(1, len(ANSWERS))
    assert float(unlikelihood(votes, alpha).detach()) == 0
    votes[0, 0] = 5
    unlikelihood(votes, alpha).sum().backward()
    assert (alpha.grad[0, :2] != 0).all()
    assert not alpha.grad[0, 2:].any()


def test_views_that_agree_and_features_that_do_not_are_what_is_wanted():
    """Columns of a Hadamard matrix are uncorrelated."""
    features = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    assert float(disagreement(features, 5 * features + 2)) == pytest.approx(0, abs=1e-9)
    assert float(disagreement(features, -features)) == pytest.approx(4, rel=1e-4)
    same = features[:, :1].repeat(1, 3)
    assert float(disagreement(same, same)) == pytest.approx(0.005 * 6 / 3, rel=1e-4)


def test_disagreement_is_of_the_correlation_between_views():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 9, 5))
    found = np.corrcoef(one.T, other.T)[:5, 5:]
    off = found[~np.eye(5, dtype=bool)]
    expected = (((1 - np.diag(found)) ** 2).sum() + 0.005 * (off**2).sum()) / 5
    found = float(disagreement(torch.tensor(one), torch.tensor(other)))
    assert found == pytest.approx(expected, rel=1e-4)
