"""What an id is hashed to."""

import numpy as np

from clumpscope.ops.hashed import hashed

IDS = [f"g{k}" for k in range(4000)]


def test_a_number_is_of_the_id_alone():
    every = hashed(IDS)
    assert (hashed(IDS[::-1]) == every[::-1]).all()
    assert hashed(["g3"]) == every[3]
    assert len(hashed([])) == 0
    # The first 8 bytes of SHA-256 of "abc", as FIPS 180-2 prints them.
    assert int(hashed(["abc"])[0]) == 0xBA7816BF8F01CFEA


def test_numbers_are_as_if_at_random():
    share = np.histogram(hashed(IDS).astype(float), bins=4, range=(0, 2.0**64))[0] / len(IDS)
    assert np.abs(share - 0.25).max() < 0.03


def test_another_salt_gives_others():
    both = np.mean((hashed(IDS) < 2**63) == (hashed(IDS, "1 ") < 2**63))
    assert 0.45 < both < 0.55
