import bz2
import re

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import FrameError
from clumpscope.stages.fetch.sdss.archive import MOST_MB
from clumpscope.stages.fetch.sdss.detectors import CcdNoise
from clumpscope.stages.fetch.sdss.frame import frame_variance, read_frame
from sdss_mirror import CAL, DARK, GAIN, SKY, band_wcs, frame_hdus

SHAPE = (120, 150)
NOISE = CcdNoise(GAIN["g"], DARK["g"])


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(3)
    hdus = frame_hdus(np.zeros(SHAPE), "g", band_wcs("g", SHAPE), rng)
    hdus.writeto(tmp_path / "frame-g-003918-3-0213.fits")
    return tmp_path / "frame-g-003918-3-0213.fits"


def rewrite(path, change):
    with fits.open(path) as hdus:
        opened = fits.HDUList([hdu.copy() for hdu in hdus])
        changed = change(opened) or opened
        changed.writeto(path, overwrite=True)


def test_a_frame_s_variance_is_that_of_its_pixels(path):
    frame = read_frame(path, "g", NOISE)
    assert frame.data.dtype == frame.variance.dtype == np.float32
    assert frame.data.shape == SHAPE
    pull = frame.data / np.sqrt(frame.variance)
    # 18,000 pixels: the width is known to 0.5 %.
    assert pull.std() == pytest.approx(1, abs=0.02)
    for columns in (slice(0, 75), slice(75, None)):  # the calibration changes along the row
        assert pull[:, columns].std() == pytest.approx(1, abs=0.03)


def test_bz2_gives_the_same_frame(path):
    plain = read_frame(path, "g", NOISE)
    packed = path.with_name(path.name + ".bz2")
    packed.write_bytes(bz2.compress(path.read_bytes()))
    same = read_frame(packed, "g", NOISE)
    np.testing.assert_array_equal(same.data, plain.data)
    np.testing.assert_array_equal(same.variance, plain.variance)
    assert same.wcs.wcs.compare(plain.wcs.wcs)


def test_the_sky_is_interpolated_between_its_coarse_pixels(path):
    def ramp(hdus):
        # A coarse sky that is linear in both axes: bilinear interpolation is exact.
        rows, cols = np.mgrid[0:6, 0:8]
        hdus[2].data["ALLSKY"][0] = 100 + 10 * rows + 3 * cols

    rewrite(path, ramp)
    frame = read_frame(path, "g", NOISE)
    cal = CAL["g"] * (1 + 0.02 * np.linspace(-1, 1, SHAPE[1]))
    x = np.clip((np.arange(SHAPE[1]) + 0.5) / SHAPE[1] * 8 - 0.5, 0, 7)
    y = np.clip((np.arange(SHAPE[0]) + 0.5) / SHAPE[0] * 6 - 0.5, 0, 5)
    sky = 100 + 10 * y[:, None] + 3 * x
    expected = cal**2 * ((frame.data / cal + sky) / GAIN["g"] + DARK["g"])
    np.testing.assert_allclose(frame.variance, expected, rtol=2e-5)


@given(
    flux=st.floats(-0.5, 1e3),
    cal=st.floats(1e-3, 0.05),
    sky=st.floats(10, 300),
    gain=st.floats(1, 6),
    dark=st.floats(0.5, 20),
    factor=st.floats(0.1, 10),
)
def test_variance_scales_as_the_square_of_the_calibration(flux, cal, sky, gain, dark, factor):
    noise = CcdNoise(gain, dark)
    one = frame_variance(np.array([[flux]]), np.array([cal]), sky, noise)
    other = frame_variance(np.array([[flux * factor]]), np.array([cal * factor]), sky, noise)
    assert one.item() > 0
    assert other.item() == pytest.approx(one.item() * factor**2, rel=1e-4)


def test_pixels_without_a_value_have_the_variance_of_the_sky(path):
    def gap(hdus):
        hdus[0].data[5, 6] = np.nan
        hdus[0].data[7, 8] = -1e4

    rewrite(path, gap)
    variance = read_frame(path, "g", NOISE).variance
    assert np.isfinite(variance).all()
    assert variance[5, 6] == pytest.approx(np.median(variance), rel=0.2)
    assert variance[7, 8] == pytest.approx(CAL["g"] ** 2 * DARK["g"], rel=0.05)


def drop(index):
    return lambda hdus: fits.HDUList([hdu for n, hdu in enumerate(hdus) if n != index])


def lose_column(hdus):
    columns = [c for c in hdus[2].columns if c.name != "XINTERP"]
    hdus[2] = fits.BinTableHDU.from_columns(columns)


def short_calibration(hdus):
    hdus[1] = fits.ImageHDU(hdus[1].data[:-1])


def zero_calibration(hdus):
    hdus[1].data[3] = 0


def cube(hdus):
    hdus[0].data = np.zeros((2, 3, 4), dtype=np.float32)


def short_sky(hdus):
    hdus[0].data = hdus[0].data[:-1]


def other_band(hdus):
    hdus[0].header["FILTER"] = "z"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop(1), "HDU 1"),
        (drop(2), "HDU 2"),
        (lambda hdus: fits.HDUList([hdus[0]]), "got 1 HDUs"),
        (lose_column, "no \\['XINTERP'\\]"),
        (short_calibration, r"shape \(150,\), got \(149,\)"),
        (zero_calibration, "positive numbers"),
        (cube, "2-D image"),
        (short_sky, "HDU 2"),
        (other_band, "FILTER: expected g, got z"),
    ],
)
def test_what_is_no_frame_is_refused_by_name(path, change, message):
    rewrite(path, change)
    with pytest.raises(FrameError, match=message) as caught:
        read_frame(path, "g", NOISE)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
@pytest.mark.parametrize("packed", [False, True])
def test_truncated_files_are_refused(path, share, packed):
    content = bz2.compress(path.read_bytes()) if packed else path.read_bytes()
    broken = path.with_name(path.name + ".bz2" * packed)
    broken.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FrameError, match="truncated or |expected HDUs"):
        read_frame(broken, "g", NOISE)


def test_a_bomb_of_a_frame_is_not_unpacked(path):
    bomb = path.with_name(path.name + ".bz2")
    bomb.write_bytes(bz2.compress(bytes(int(1.1e6 * MOST_MB))))
    assert bomb.stat().st_size < 1000
    with pytest.raises(FrameError, match=r"bz2: size: expected at most 200 MB, got more when unp"):
        read_frame(bomb, "g", NOISE)


def test_a_frame_that_claims_more_than_it_has(path):
    content = path.read_bytes()
    (card,) = re.findall(rb"NAXIS1  = +\d+", content[:2880])
    path.write_bytes(content.replace(card, b"NAXIS1  =" + b"%21d" % 10**12, 1))
    with pytest.raises(FrameError, match="truncated or not an SDSS frame"):
        read_frame(path, "g", NOISE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FrameError, match=r"0001\.fits: no such file; expected an SDSS frame"):
        read_frame(tmp_path / "frame-g-000001-1-0001.fits", "g", NOISE)


def test_sky_is_that_drawn():
    # The helper and the reader agree on what the coarse sky means.
    hdus = frame_hdus(np.zeros(SHAPE), "g", band_wcs("g", SHAPE))
    assert hdus[2].data["ALLSKY"][0].min() == pytest.approx(SKY["g"])
