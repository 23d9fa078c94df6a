"""Checksums of FITS, against astropy's."""

import io

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.store import fits_checksum
from clumpscope.store.fits_checksum import checksum, encoded


@pytest.mark.parametrize("n", [0, 3, 4, 2880, 10_000])
def test_a_sum_is_astropy_s(monkeypatch, n):
    monkeypatch.setattr(fits_checksum, "_PIECE", 64)
    raw = np.random.default_rng(n).integers(0, 256, n, dtype=np.uint8)
    theirs = fits.ImageHDU()._compute_checksum(raw, np.uint32(7))
    assert checksum(io.BytesIO(raw.tobytes()), 7) == theirs


def test_letters_are_astropy_s():
    totals = np.random.default_rng(1).integers(0, 2**32, 2000).tolist()
    for total in [0, 1, 2**32 - 1, *totals]:
        assert encoded(total) == fits.ImageHDU()._char_encode(np.uint32(~total & 0xFFFFFFFF))
