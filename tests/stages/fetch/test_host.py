"""Which pixels of a stamp are the host's, where it is and how it lies."""

import galsim
import numpy as np
import pytest
from scipy import ndimage

from builders import tan_wcs
from clumpscope.stages.fetch import host
from clumpscope.stages.fetch.host import axis_ratio_and_angle, find_host


def scene(*parts, shape=(161, 161), seed=1, sigma=0.02):
    """(image, variance) of (x, y, flux, scale px, axis ratio, angle from +x) with FWHM 3.2 px."""
    psf = galsim.Gaussian(fwhm=3.2)
    image = galsim.ImageD(shape[1], shape[0], xmin=0, ymin=0, scale=1)
    for x, y, flux, scale, ratio, angle in parts:
        model = psf.withFlux(flux)
        if scale:
            disk = galsim.Exponential(scale_radius=scale, flux=flux)
            disk = disk.shear(q=ratio, beta=angle * galsim.degrees)
            model = galsim.Convolve(disk, psf)
        image += model.drawImage(
            image=galsim.ImageD(shape[1], shape[0], xmin=0, ymin=0, scale=1),
            center=galsim.PositionD(x, y),
        )
    rng = np.random.default_rng(seed)
    data = (image.array + rng.normal(0, sigma, shape)).astype(np.float32)
    return data, np.full(shape, sigma**2, dtype=np.float32)


def host_of(data, variance, x=80.0, y=80.0):
    none = np.zeros(data.shape, dtype=bool)
    return find_host(data, variance, none, none, x, y, 3.2)


def test_the_centre_is_the_brightest_place_near_the_given_one():
    host = host_of(*scene((81.4, 78.8, 100, 5, 1, 0)))
    assert (host.x, host.y) == (pytest.approx(81.4, abs=0.15), pytest.approx(78.8, abs=0.15))
    assert host.member[79, 81]


def test_a_star_beside_or_on_the_galaxy_is_no_part_of_it():
    parts = [(80, 80, 150, 6, 1, 0), (120, 95, 60, 0, 1, 0), (93, 80, 40, 0, 1, 0)]
    host = host_of(*scene(*parts))
    assert not host.good[95, 120]
    assert not host.good[80, 93]
    assert host.good[80, 80]
    assert host.good[80, 70]


def test_clumps_stay_with_their_galaxy():
    clumps = [(80 + 12 * np.cos(a), 80 + 12 * np.sin(a), 4.0, 0, 1, 0) for a in (0.5, 2.0, 4.1)]
    host = host_of(*scene((80, 80, 200, 7, 0.8, 30), *clumps))
    for x, y, *_ in clumps:
        assert host.good[round(y), round(x)]
        assert host.member[round(y), round(x)]


def test_what_lies_far_out_across_the_galaxy_is_no_part_of_it():
    """28 px off: within three of its rms axes along the major one, beyond them across it."""
    for x, y, belongs in ((108, 80, True), (80, 108, False), (80, 96, True)):
        host = host_of(*scene((80, 80, 1500, 6, 0.5, 0), (x, y, 60, 2, 1, 0)))
        assert bool(host.good[y, x]) == bool(host.member[y, x]) == belongs
        assert host.member[80, 90]


def test_a_companion_as_bright_is_another_galaxy():
    host = host_of(*scene((80, 80, 150, 5, 1, 0), (98, 80, 150, 5, 1, 0)))
    assert not host.good[80, 98]
    assert host.good[80, 74]


def test_without_a_source_there_is_no_member():
    host = host_of(*scene((30, 30, 100, 0, 1, 0)))
    assert not host.member.any()
    assert not host.good[30, 30]
    assert np.isnan(axis_ratio_and_angle(np.zeros((161, 161)), host, tan_wcs((161, 161)))).all()


@pytest.mark.parametrize("turn", [0.0, 35.0, 140.0])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("angle", [0.0, 50.0, 120.0])
def test_position_angle_is_east_of_north_on_any_wcs(turn, flip, angle):
    wcs = tan_wcs((161, 161), rotation_deg=turn, flip=flip)
    data, variance = scene((80, 80, 600, 9, 0.5, angle))
    host = host_of(data, variance)
    ratio, found = axis_ratio_and_angle(data - host.level, host, wcs)
    assert ratio == pytest.approx(0.52, abs=0.05)
    # From the WCS itself: where the far end of the major axis lies from the centre.
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    (ra0, dec0), (ra, dec) = wcs.wcs_pix2world([[80, 80], [80 + 20 * c, 80 + 20 * s]], 0)
    expected = np.degrees(np.arctan2((ra - ra0) * np.cos(np.radians(dec0)), dec - dec0))
    assert abs((found - expected + 90) % 180 - 90) < 3


def test_a_blank_stamp_is_told_from_one_whose_sky_is_light():
    assert host_of(*scene()).blank
    assert not host_of(*scene((80, 80, 100, 5, 1, 0))).blank
    data, variance = scene()
    assert not host_of(data + np.float32(0.01), variance).blank  # half a sigma a pixel
    assert host_of(data - np.float32(0.01), variance).blank
    # Just below what counts as a source: a larger stamp's sky may be a little lower.
    rows, cols = np.indices(data.shape)
    faint = np.float32(0.0105) * (np.hypot(rows - 80, cols - 80) < 4)
    found = host_of(np.full_like(data, 0) + faint, variance)
    assert not found.member.any()
    assert not found.blank


@pytest.mark.parametrize(("x", "y"), [(80.0, 80.0), (3.2, 157.6), (0.0, 0.0), (159.6, 80.5)])
def test_the_centre_in_a_part_of_the_stamp_is_that_of_the_whole(x, y):
    data, _ = scene((81, 79, 90, 4, 1, 0), (4, 156, 40, 3, 1, 0), (158, 82, 40, 0, 1, 0))
    bad = np.random.default_rng(2).random(data.shape) > 0.95
    fwhm = 3.2
    smooth = ndimage.gaussian_filter(np.where(bad, 0, data), fwhm / 2.3548200450309493)
    rows, cols = np.indices(data.shape)
    near = np.hypot(rows - y, cols - x) <= 1.5 * fwhm
    row, col = np.unravel_index(np.argmax(np.where(near, smooth, -np.inf)), data.shape)
    found = host._centre(data, bad, x, y, fwhm)
    assert found == (pytest.approx(col, abs=0.5), pytest.approx(row, abs=0.5))
    if 0 < row < 160 and 0 < col < 160:
        left, middle, right = (float(v) for v in smooth[row, col - 1 : col + 2])
        bend = left - 2 * middle + right
        vertex = np.clip(0.5 * (left - right) / bend, -0.5, 0.5) if bend < 0 else 0.0
        assert found[0] == col + vertex
