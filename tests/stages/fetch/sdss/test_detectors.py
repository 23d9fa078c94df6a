import numpy as np
import pytest
from astropy.io import fits

from clumpscope.errors import FrameError
from clumpscope.stages.fetch.sdss.detectors import CcdNoise, ccd_noise, field_noise
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror
from sdss_mirror import DARK, FWHM, GAIN, make_psfield

KEY = FieldKey(3918, 3, 213)


def mirror(tmp_path, **files):
    return Mirror(tmp_path, {}, {}, **files)


@pytest.mark.parametrize(
    ("run", "camcol", "band", "gain", "dark"),
    [
        (3918, 3, "r", 4.72, 1.3225),
        (756, 2, "u", 1.595, 12.6025),
        (1100, 2, "u", 1.595, 12.6025),
        (1101, 2, "u", 1.825, 12.6025),
        (1500, 2, "i", 5.195, 5.76),
        (1501, 2, "i", 5.195, 6.25),
        (2000, 4, "i", 4.885, 7.5625),
        (2000, 4, "z", 4.775, 12.6025),
        (1000, 5, "z", 3.48, 1.8225),
        (2000, 5, "z", 3.48, 2.1025),
        (2000, 6, "g", 4.035, 1.8225),
    ],
)
def test_the_table_of_the_camera(run, camcol, band, gain, dark):
    assert ccd_noise(run, camcol, band) == CcdNoise(gain, dark)


@pytest.mark.parametrize(("camcol", "band"), [(0, "r"), (7, "r"), (3, "y")])
def test_a_ccd_that_is_not_there(camcol, band):
    with pytest.raises(FrameError, match="CCD"):
        ccd_noise(3918, camcol, band)


def test_without_a_file_the_table_is_taken(tmp_path):
    found = field_noise(mirror(tmp_path), KEY)
    assert list(found) == list("ugriz")
    assert found["z"] == ccd_noise(3918, 3, "z")


def test_psfield_s_own_values_are_taken(tmp_path):
    make_psfield(tmp_path / "psField.fit", FWHM)
    found = field_noise(mirror(tmp_path, psfields={KEY: tmp_path / "psField.fit"}), KEY)
    for band, noise in found.items():
        assert noise.gain == pytest.approx(GAIN[band])
        assert noise.dark == pytest.approx(DARK[band])


def photofield(path, gain):
    columns = [
        fits.Column("FIELD", "J", array=[212, 213]),
        fits.Column("GAIN", "5E", array=np.array([[9.0] * 5, gain])),
        fits.Column("DARK_VARIANCE", "5E", array=np.ones((2, 5))),
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path)
    return {(KEY.run, KEY.camcol): path}


def test_photofield_s_row_of_the_field_is_taken_and_nonsense_is_not(tmp_path):
    files = photofield(tmp_path / "photoField.fits", [2.0, 3.0, np.nan, 0.0, 5.0])
    found = field_noise(mirror(tmp_path, photofields=files), KEY)
    assert [found[band].gain for band in "ugz"] == [2, 3, 5]
    assert found["r"] == ccd_noise(3918, 3, "r")
    assert found["i"] == ccd_noise(3918, 3, "i")


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "psField-003918-3-0213.fit"
    path.write_bytes(b"nothing")
    with pytest.raises(FrameError, match=path.name):
        field_noise(mirror(tmp_path, psfields={KEY: path}), KEY)
    fits.PrimaryHDU().writeto(path, overwrite=True)
    with pytest.raises(FrameError, match="gain, dark_variance, field in HDU 6"):
        field_noise(mirror(tmp_path, psfields={KEY: path}), KEY)
