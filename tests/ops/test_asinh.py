import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import ImageError
from clumpscope.ops.asinh import Asinh, asinh_of


@given(st.floats(-1e6, 1e6), st.floats(-100, 100), st.floats(0.01, 1e3))
def test_it_undoes_what_the_archive_did(linear, offset, softening):
    stored = 2.5 * np.log10(np.e) * np.arcsinh((linear - offset) / (2 * softening))
    found = Asinh(offset, softening).linear(stored)
    assert found == pytest.approx(linear, rel=1e-9, abs=1e-9 * softening + 1e-12 * abs(offset))


def test_as_the_archive_writes_it():
    """L = BOFFSET + BSOFTEN (exp(C / a) - exp(-C / a))."""
    stored = np.array([[-3.0, 0.0], [1.5, 9.0]])
    alpha = 1.0857362
    expected = 2.0 + 70.0 * (np.exp(stored / alpha) - np.exp(-stored / alpha))
    found = asinh_of({"BOFFSET": 2, "BSOFTEN": 70.0}, "a").linear(stored)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_no_scale_and_half_of_one():
    assert asinh_of({"BSCALE": 2.0}, "a") is None
    for header in ({"BOFFSET": 1.0}, {"BSOFTEN": 1.0}, {"BOFFSET": 1.0, "BSOFTEN": -1.0}):
        with pytest.raises(ImageError, match="a BSOFTEN|a BOFFSET"):
            asinh_of(header, "a")
