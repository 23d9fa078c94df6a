"""One fit for all tests."""

import pytest

from clumpscope.stages.completeness.fit import fit
from known_selection import population, selection_of


@pytest.fixture(scope="session")
def known():
    """A population of 6000 clumps and its fit."""
    trials, _ = population(6000, seed=1)
    return trials, fit(trials, members=8)


@pytest.fixture(scope="session")
def selection(known):
    return selection_of(known[1])
