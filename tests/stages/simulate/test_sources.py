"""Fluxes of sources in any bands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.bands import SDSS_BANDS, band_info
from clumpscope.errors import RecipeError
from clumpscope.stages.simulate.sources import R, U, band_fluxes, in_bands, nanomaggies

COLOURS = np.array([[1.0, 0.5, 0.3, 0.2], [0.4, -0.1, 0.0, 0.1]])


def test_fluxes_follow_the_colours_from_the_anchor():
    for anchor in (U, R):
        fluxes = band_fluxes(np.array([3.0, 5.0]), anchor, COLOURS)
        assert fluxes[:, anchor] == pytest.approx([3, 5])
        found = -2.5 * np.log10(fluxes[:, :-1] / fluxes[:, 1:])
        assert found == pytest.approx(COLOURS)


def test_more_bands_do_not_change_the_others():
    flux = np.array([3.0, 5.0])
    five, six = (band_fluxes(flux, R, COLOURS, bands) for bands in (SDSS_BANDS, "ugrizy"))
    assert np.array_equal(six[:, :5], five)
    assert np.array_equal(band_fluxes(flux, R, COLOURS, "ugr"), five[:, :3])


@given(st.floats(-3, 3), st.floats(14, 22))
def test_a_power_law_is_one_in_every_band(slope, at_r):
    """Magnitudes of a power law are straight in ln wavelength."""

    def law(bands):
        waves = np.array([band_info(band).wavelength_nm for band in bands])
        return at_r + slope * np.log(waves / 616.6)

    assert in_bands(law(SDSS_BANDS), "ugrizy") == pytest.approx(law("ugrizy"))


def test_magnitudes_of_y_lie_beyond_z():
    magnitudes = np.array([20.0, 19.0, 18.0, 17.5, 17.2])
    y = in_bands(magnitudes, "y")[0]
    share = np.log(976.0 / 748.0) / np.log(893.2 / 748.0)
    assert y == pytest.approx(17.5 - 0.3 * share)


def test_an_unknown_band_is_named():
    with pytest.raises(RecipeError, match="bands: expected some of u .* F444W, got u g r K"):
        in_bands(np.zeros(5), "ugrK")


def test_a_nanomaggy_is_of_magnitude_22_5():
    assert nanomaggies(22.5) == 1
    assert nanomaggies(np.array([20.0, 25.0])) == pytest.approx([10, 0.1])
