import numpy as np
import pytest
from scipy import ndimage

from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.ops.psf import gaussian_psf
from clumpscope.stages.fetch.sdss.elsewhere import point_sources, seen_elsewhere
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame
from clumpscope.stages.fetch.sdss.mask import frame_mask
from sdss_mirror import band_wcs
from star_scenes import OnePsf, noisy, star

SHAPE = (121, 141)
PSF = OnePsf(gaussian_psf(3.0, side=25), 3.0)


def drawn(band, image, seed):
    data, noise = noisy(image, seed)
    wcs = band_wcs(band, SHAPE)
    ones = np.ones(SHAPE[1], dtype=np.float32)
    return CorrectedFrame(f"{band}.fits", band, data, noise**2, wcs, calibration=ones)


def in_band(band, x, y):
    """Where the r pixel (x, y) is in another band."""
    sky = native_to_sky([[x, y]], band_wcs("r", SHAPE))
    return sky_to_native(sky, band_wcs(band, SHAPE))[0]


@pytest.fixture(scope="module")
def field():
    """A star at (50, 40), a galaxy at (90, 80), and a ray in r beside it and one on the sky."""
    frames = {}
    for band in "gri":
        x, y = in_band(band, 50.3, 40.2)
        gx, gy = in_band(band, 90, 80)
        image = star(SHAPE, x, y, 900, 2.4) + star(SHAPE, gx, gy, 500, 15)
        if band == "r":
            image[83, 92] += 900
            image[100, 30] += 900
        frames[band] = drawn(band, image, ord(band))
    return frames


def test_a_star_is_seen_in_the_other_bands_and_a_ray_is_not(field):
    hit = np.zeros(SHAPE, dtype=bool)
    hit[40, 50:52] = hit[83, 92] = hit[100, 30] = True
    seen = seen_elsewhere(hit, field["r"], [(field["g"], PSF), (field["i"], PSF)])
    assert seen[40, 50:52].all()
    assert np.count_nonzero(seen) == 2
    assert not seen_elsewhere(hit, field["r"], []).any()
    assert not seen_elsewhere(np.zeros_like(hit), field["r"], [(field["g"], PSF)]).any()


def test_a_ray_on_a_compact_nucleus_is_sharper_than_it():
    rays, nuclei = np.zeros(SHAPE), {}
    for band in "ri":
        x, y = in_band(band, 60, 60)
        nuclei[band] = star(SHAPE, x, y, 300, 4.5)
    rays[60, 60] = 900
    frames = {"r": drawn("r", nuclei["r"] + rays, 7), "i": drawn("i", nuclei["i"], 8)}
    found, _ = point_sources(
        frames["i"], PSF, *np.rint(in_band("i", 60, 60)[::-1]).astype(int)[:, None]
    )
    assert found.all()
    mask = frame_mask(frames["r"], PSF, [(frames["i"], PSF)])
    assert mask[60, 60]


def test_a_star_sharper_than_the_psf_told_is_saved_by_another_band(field):
    broad = OnePsf(gaussian_psf(6.0, side=25), 6.0)
    alone = frame_mask(field["r"], broad)
    together = frame_mask(field["r"], broad, [(field["i"], PSF)])
    assert alone[38:43, 48:53].any()
    assert not together[38:43, 48:53].any()
    for row, col in ((83, 92), (100, 30)):
        assert alone[row, col]
        assert together[row, col]


def test_point_sources_are_points_of_five_sigma_at_their_place():
    places = np.array([(30, 30), (30, 60), (60, 30), (60, 60), (90, 30), (2, 2)])
    image = star(SHAPE, 31, 29, 80, 3.0) + star(SHAPE, 60, 30, 9, 3.0)
    image += (
        star(SHAPE, 30, 60, 900, 15) + star(SHAPE, 65, 60, 800, 3.0) + star(SHAPE, 2, 2, 900, 3)
    )
    image[90, 30] = np.nan
    frame = drawn("r", np.nan_to_num(image), 3)
    found, fullness = point_sources(frame, PSF, *places.T)
    assert found.tolist() == [True, False, False, False, False, False]
    # A star's nine pixels hold 0.6 of the brightest on average, a broad galaxy's nearly all.
    assert fullness[0] == pytest.approx(
        PSF.local.image[11:14, 11:14].mean() / PSF.local.image.max(), rel=0.15
    )
    assert fullness[2] > 0.85


def test_of_noise_no_source_is_made():
    frame = drawn("r", np.zeros(SHAPE), 5)
    rows, cols = (axis.ravel() for axis in np.mgrid[8:110:3, 8:130:3])
    assert not point_sources(frame, PSF, rows, cols)[0].any()
    assert ndimage.label(frame_mask(frame, PSF))[1] == 0
