import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.stages.measure import measure
from clumpscope.stages.measure.size import Width, combined

SHAPE = (61, 61)
XY = np.array([[30.3, 29.8]])
NOWHERE = np.zeros(SHAPE, dtype=bool)


def clump(intrinsic_arcsec, flux=20.0, seed=0, noise=True):
    """A Gaussian clump of intrinsic FWHM on flat light; the PSF stays what it is."""
    wide = float(np.hypot(scenes.FWHM, intrinsic_arcsec))
    image = scenes.galaxy(
        shape=SHAPE, xy=XY, flux=flux, host_flux=0, fwhm_arcsec=wide, noise=noise, seed=seed
    )
    for plane in image.bands.values():
        object.__setattr__(plane, "psf_fwhm_arcsec", scenes.FWHM)
    return measure(image, XY, MeasureConfig(), NOWHERE)


@pytest.mark.parametrize("intrinsic", [0.4, 0.7])
def test_the_intrinsic_width_comes_back(intrinsic):
    found = clump(intrinsic, noise=False)
    assert found.size_arcsec[0] == pytest.approx(intrinsic, rel=0.1)


def test_errors_of_the_width_hold():
    square = np.array([clump(0.6, seed=seed).size_arcsec[0] ** 2 for seed in range(30)])
    error = clump(0.6).size_err_arcsec[0] * 2 * 0.6
    assert square.std() == pytest.approx(error, rel=0.4)


def test_resolved_clumps_are_flagged_and_points_are_not():
    assert clump(0.9).flags[0] & ClumpFlag.RESOLVED
    points = [clump(0.0, seed=seed) for seed in range(20)]
    assert not any(one.flags[0] & ClumpFlag.RESOLVED for one in points)
    assert all(one.size_arcsec[0] < 3.5 * one.size_err_arcsec[0] for one in points)


def test_resolved_means_three_sigma_and_a_fifth_of_the_psf():
    """Of s^2, whose relative error is twice that of s."""
    doubtful = 0
    for flux in (1.0, 1.5, 8.0):
        for intrinsic in (0.5, 0.8):
            for seed in range(6):
                found = clump(intrinsic, flux, seed)
                size, error = found.size_arcsec[0], found.size_err_arcsec[0]
                wide = size**2 > 0.2 * scenes.FWHM**2
                assert bool(found.flags[0] & ClumpFlag.RESOLVED) == (wide and size > 3 * 2 * error)
                doubtful += wide and 2 * error < size < 6 * error
    assert doubtful > 3


def test_a_faint_clump_has_no_size():
    assert np.isnan(clump(0.9, flux=0.2).size_arcsec[0])


def test_bands_are_weighted_by_their_errors():
    widths = Width(
        np.array([[1.0, np.nan, np.nan], [4.0, 2.0, np.nan]]),
        np.array([[1.0, np.nan, np.nan], [0.5, 3.0, np.nan]]),
    )
    mean = combined(widths)
    assert mean.square[:2] == pytest.approx([3.0, 2.0])
    assert mean.variance[:2] == pytest.approx([1 / 3, 3.0])
    assert np.isnan(mean.square[2])
