"""PSFs against GalSim and the recipe."""

import galsim
import numpy as np
import pytest

from clumpscope.config.simulate import ObserveConfig
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.simulate.psf import STAMP, Psf, adaptive_width, draw_psf, psf_images

SCALE = 0.396


def by_galsim(psf: Psf, band: int):
    """The same mixture of sheared Gaussians drawn by GalSim."""
    e1, e2 = psf.shape[band]
    # A covariance of sigma^2 times 1 + e1, e2 and e2, 1 - e1.
    parts = []
    for share, width in zip(psf.shares, (1.0, 2.2, 5.5), strict=True):
        sigma = psf.sigma_arcsec[band] * width * (1 - e1**2 - e2**2) ** 0.25
        parts.append(galsim.Gaussian(sigma=sigma, flux=share).shear(e1=e1, e2=e2))
    return galsim.Sum(parts)


@pytest.mark.parametrize("seed", range(4))
def test_images_are_those_of_galsim(seed):
    psf = draw_psf(np.random.default_rng(seed), ObserveConfig())
    for band in (0, 2):
        drawn = by_galsim(psf, band).drawImage(nx=STAMP, ny=STAMP, scale=SCALE).array
        assert psf_images(psf, SCALE)[band] == pytest.approx(drawn / drawn.sum(), abs=3e-4)


@pytest.mark.parametrize("wing", [0.1, 0.2, 0.3])
def test_adaptive_width_is_that_of_hsm(wing):
    shares = np.array([1 - wing - 0.025, wing, 0.025])
    mixture = galsim.Sum(
        [galsim.Gaussian(sigma=s, flux=f) for s, f in zip((1, 2.2, 5.5), shares, strict=True)]
    )
    image = mixture.drawImage(nx=201, ny=201, scale=0.25, method="no_pixel")
    sigma = galsim.hsm.FindAdaptiveMom(image).moments_sigma * 0.25
    assert adaptive_width(shares) == pytest.approx(sigma, rel=0.01)


def test_widths_are_the_recipe_s():
    config = ObserveConfig(psf_fwhm_scatter=0.0)
    widths = []
    for seed in range(40):
        psf = draw_psf(np.random.default_rng(seed), config)
        widths.append([adaptive_fwhm_px(image) * SCALE for image in psf_images(psf, SCALE)])
    expected = config.psf_fwhm_median_arcsec * np.array(config.psf_ratio)
    # The pixel adds 0.396^2 / 12 to each second moment.
    expected = np.sqrt(expected**2 + 8 * np.log(2) * SCALE**2 / 12)
    assert np.median(widths, axis=0) == pytest.approx(expected, rel=0.02)


def test_encircled_light_is_as_of_psfield():
    """Within one, two and three adaptive FWHM: 0.80-0.86, 0.95-0.98, 0.985-1 in shared models."""
    psf = draw_psf(np.random.default_rng(0), ObserveConfig())
    image = psf_images(psf, SCALE)[2]
    fwhm = adaptive_fwhm_px(image)
    axis = np.arange(STAMP) - STAMP // 2
    radius = np.hypot(axis[None, :], axis[:, None])
    shares = [float(image[radius <= k * fwhm].sum()) for k in (1, 2, 3)]
    assert shares == pytest.approx([0.83, 0.965, 0.99], abs=0.03)
