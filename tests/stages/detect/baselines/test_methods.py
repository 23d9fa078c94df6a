"""What each finder takes for the host and for a source, against closed forms and loops."""

import numpy as np
import pytest
from scipy import ndimage

import scenes
from clumpscope.stages.detect.baselines.guo import GUO
from clumpscope.stages.detect.baselines.median import SEP
from clumpscope.stages.detect.baselines.method import connected, odd_width
from clumpscope.stages.detect.baselines.peaks import PEAKS
from clumpscope.stages.detect.baselines.sattari import SATTARI

METHODS = {"sep": SEP, "peaks": PEAKS, "guo": GUO, "sattari": SATTARI}
every_method = pytest.mark.parametrize("name", METHODS)


def noise(shape: tuple[int, int] = (60, 70), seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@every_method
def test_a_flat_host_is_taken_away_and_a_source_is_left(name: str) -> None:
    point = scenes.point_sources((61, 61), [[30, 30]], 10.0, 4.0)
    flat = METHODS[name].sharpen(np.full((61, 61), 7.0), 4.0)
    left = METHODS[name].sharpen(point + 7, 4.0)
    assert np.abs(flat).max() < 1e-9
    assert np.unravel_index(np.argmax(left), left.shape) == (30, 30)
    assert left[30, 30] > 0.4 * point.max()


@every_method
@pytest.mark.parametrize("slope", [(0.5, 0), (0, 0.5), (0.3, -0.4)])
def test_a_slope_is_taken_away_far_from_the_edges(name: str, slope: tuple[float, float]) -> None:
    y, x = np.indices((121, 121), dtype=float)
    left = METHODS[name].sharpen(slope[0] * x + slope[1] * y, 4.0)
    assert np.abs(left[40:81, 40:81]).max() < 1e-3 * 4


def test_the_median_is_over_four_widths() -> None:
    """Of a smooth image, at every other pixel of 17 where the PSF has 4."""
    plane = noise()
    smooth = ndimage.gaussian_filter(plane, 4 / np.sqrt(8 * np.log(2)))
    expected = smooth[30, 35] - np.median(smooth[30 - 8 : 30 + 9 : 2, 35 - 8 : 35 + 9 : 2])
    assert SEP.sharpen(plane, 4.0)[30, 35] == pytest.approx(expected)


def test_the_boxcar_of_guo_is_five_widths_wide() -> None:
    """17 px where the PSF has 3.28, and the mean is over its square."""
    plane = noise()
    expected = plane[30, 35] - plane[30 - 8 : 30 + 9, 35 - 8 : 35 + 9].mean()
    assert GUO.sharpen(plane, 3.28)[30, 35] == pytest.approx(expected)


def test_the_filter_of_sattari_halves_nine_widths() -> None:
    """Waves that the mirror continues keep their shape: cosines of half periods."""
    n, fwhm = 96, 4.0
    for periods in (1, 2, 4, 8):
        wave = np.cos(2 * np.pi * periods * (np.arange(n) + 0.5) / n)
        left = SATTARI.sharpen(np.tile(wave, (20, 1)), fwhm)
        taken = 0.5 ** ((9 * fwhm * periods / n) ** 2)
        assert left == pytest.approx(np.tile(wave * (1 - taken), (20, 1)), abs=1e-9)
    assert taken < 0.5**3


def test_peaks_are_the_highest_of_their_surroundings() -> None:
    """A loop over pixels with a square of seven where the PSF-FWHM has 3.3."""
    plane = ndimage.gaussian_filter(noise(), 1.4)
    plane /= plane.std()
    padded = np.pad(plane, 3, constant_values=-np.inf)
    expected = {
        (row, col)
        for row, col in np.ndindex(plane.shape)
        if plane[row, col] > 2 and plane[row, col] == padded[row : row + 7, col : col + 7].max()
    }
    found = PEAKS.pick(plane, 3.3)
    assert set(map(tuple, found.pixel.tolist())) == expected
    assert len(expected) > 5
    assert found.xy == pytest.approx(found.pixel[:, ::-1])


@pytest.mark.parametrize("least", [3, 8, 13])
def test_connected_pixels_are_those_of_a_labelled_mask(least: int) -> None:
    plane = ndimage.gaussian_filter(noise((120, 120)), 2.0)
    plane /= plane.std()
    found = connected(plane, 1.5, least)
    region, count = ndimage.label(plane > 1.5, np.ones((3, 3)))
    sizes = np.bincount(region.ravel())
    large = {k for k in range(1, count + 1) if sizes[k] >= least}
    assert {int(region[row, col]) for row, col in found.pixel} == large
    assert len(large) > 5
    for row, col in found.pixel:
        assert plane[row, col] == plane[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2].max()


@pytest.mark.parametrize(
    ("fwhm_px", "widths", "expected"), [(3.28, 5, 17), (2, 5, 11), (0.3, 1, 1), (4, 2, 9)]
)
def test_widths_are_odd(fwhm_px: float, widths: float, expected: int) -> None:
    assert odd_width(fwhm_px, widths) == expected
