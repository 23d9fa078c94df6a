import galsim
import numpy as np
import pytest

from clumpscope.stages.measure import gaussian_correction, moffat_correction


def test_corrections_of_the_published_aperture():
    assert gaussian_correction(1.125) == pytest.approx(1.0308, abs=5e-5)
    assert moffat_correction(1.125) == pytest.approx(1.309, abs=5e-4)


@pytest.mark.parametrize("radius", [0.7, 1.125, 2.0])
@pytest.mark.parametrize(
    ("model", "correction"),
    [
        (galsim.Gaussian(fwhm=1), gaussian_correction),
        (galsim.Moffat(2.5, fwhm=1), moffat_correction),
    ],
)
def test_corrections_are_the_integral_of_the_profile(model, correction, radius):
    r = np.linspace(0, radius, 20001)
    light = np.array([model.xValue(x, 0) for x in r[::100]])
    within = np.trapezoid(2 * np.pi * r[::100] * light, r[::100])
    assert correction(radius) == pytest.approx(1 / within, rel=2e-4)
