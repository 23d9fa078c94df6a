"""Which galaxies a threshold is chosen on follows from their ids alone."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.stages.evaluate.parts import validation_part

IDS = [f"sim{k:06d}" for k in range(3000)]


@given(st.permutations(IDS[:12]), st.floats(0, 1), st.integers(0, 12))
def test_neither_order_nor_company_matters(ids: list[str], share: float, count: int) -> None:
    alone = {one: bool(validation_part([one], share)[0]) for one in ids}
    assert validation_part(ids[:count], share).tolist() == [alone[one] for one in ids[:count]]


@pytest.mark.parametrize("share", [1 / 3, 1 / 2])
def test_it_is_the_share_of_all(share: float) -> None:
    assert validation_part(IDS, share).mean() == pytest.approx(share, abs=0.03)


def test_a_part_holds_every_smaller_one() -> None:
    third, half = validation_part(IDS, 1 / 3), validation_part(IDS, 1 / 2)
    assert (half[third]).all()
    assert half.sum() > third.sum()
    assert not validation_part(IDS, 0).any()
    assert validation_part(IDS, 1).all()
    assert validation_part([], 0.5).shape == (0,)


def test_the_place_is_the_hash_of_the_id() -> None:
    """By its first digits: what begins with 8 to f is in the upper half."""
    upper = np.array([sha256(one.encode()).hexdigest()[0] in "89abcdef" for one in IDS])
    assert (validation_part(IDS, 0.5) == ~upper).all()
