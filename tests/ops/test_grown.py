import numpy as np
import pytest
from scipy import ndimage

from clumpscope.ops.grown import grown


@pytest.mark.parametrize("steps", [0, 1, 2, 4])
def test_it_grows_as_scipy_s_dilation_does(steps):
    flags = np.random.default_rng(steps).random((40, 31)) > 0.97
    kept = flags.copy()
    expected = ndimage.binary_dilation(flags, iterations=steps) if steps else flags
    np.testing.assert_array_equal(grown(flags, steps), expected)
    np.testing.assert_array_equal(flags, kept)
