"""Sums by row."""

import numpy as np
import pytest

from clumpscope.models.sums import weighted


@pytest.mark.parametrize("shape", [(8,), (8, 5)])
def test_a_row_does_not_depend_on_those_beside_it(shape):
    rng = np.random.default_rng(1)
    terms, weights = rng.normal(size=(101, 8)), rng.normal(size=shape)
    whole = weighted(terms, weights)
    assert whole == pytest.approx(terms @ weights, rel=1e-12)
    for start, stop in ((0, 1), (5, 8), (50, 101)):
        assert (weighted(terms[start:stop], weights) == whole[start:stop]).all()
