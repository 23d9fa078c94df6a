import numpy as np
import pytest

import scenes
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.planes import Planes

PIXELS = np.array([0, 7, 41, 399])


def galaxy():
    image = scenes.galaxy(shape=(20, 20), xy=[], bands=("g", "r", "i"))
    image["g"].mask[0, 7] = MaskBit.COSMIC_RAY
    image["r"].variance[2, 1] = np.nan
    image["i"].mask[:] = MaskBit.NO_DATA
    return image


def test_what_is_not_finite_is_without_data():
    planes = Planes.of(galaxy(), ["g", "r"], PIXELS)
    assert planes.bits[1].tolist() == [0, 0, MaskBit.NO_DATA, 0]
    assert planes.data[1, 2] == planes.variance[1, 2] == 0
    assert planes.data[0] == pytest.approx(galaxy()["g"].data.ravel()[PIXELS])


def test_a_band_without_any_data_spoils_no_pixel():
    planes = Planes.of(galaxy(), ["g", "r", "i"], PIXELS)
    assert np.isnan(planes.noise[2])
    assert planes.good.tolist() == [True, False, False, True]
    assert not planes.some(slice(0, 1)).good[1]


def test_light_is_signal_to_noise_of_what_can_be_measured():
    image = galaxy()
    planes = Planes.of(image, ["g", "r", "i"], PIXELS)
    g, r = (image[band].data.ravel()[PIXELS] / image[band].noise for band in "gr")
    g[1], r[2] = 0, 0
    assert planes.light == pytest.approx((g + r) / np.sqrt(3), rel=1e-6)
