import numpy as np
import pytest
from astropy.io import fits

from clumpscope.errors import RecipeError
from clumpscope.ops.extinction import MAP_FILES, ebv, extinction
from places import SHARED

DUST = SHARED / "dust"


def write_map(path, sign, value, size=64):
    """A map with the real one's projection: ``value`` everywhere."""
    header = fits.Header({"CRPIX1": size / 2 + 0.5, "CRPIX2": size / 2 + 0.5})
    header["LAM_NSGP"], header["LAM_SCAL"] = sign, size // 2
    fits.writeto(path, np.full((size, size), value, dtype=np.float32), header, overwrite=True)


@pytest.mark.skipif(not DUST.is_dir(), reason=f"{DUST} is not there")
def test_real_map_gives_the_values_of_ned(tmp_path):
    # The cutout's CRPIX is shifted, so that the whole map's formula finds its pixels.
    (tmp_path / MAP_FILES[0]).symlink_to(DUST / "SFD_dust_4096_ngp_cutout.fits")
    found = ebv([204.17470, 205.40142], [-29.960283, -33.098216], tmp_path)
    assert found * 2.742 == pytest.approx([0.212, 0.148], abs=0.001)
    assert found == pytest.approx(np.array([0.212, 0.148]) / 2.742, abs=0.001)


def test_both_hemispheres_unscaled_and_unknown_places(tmp_path):
    for name, sign, value in zip(MAP_FILES, (1, -1), (0.1, 0.3), strict=True):
        write_map(tmp_path / name, sign, value)
    # The galactic poles: RA 192.86 Dec 27.13 and RA 12.86 Dec -27.13.
    found = ebv([192.86, 12.86, np.nan], [27.13, -27.13, 0.0], tmp_path)
    assert found == pytest.approx([0.1, 0.3, np.nan], nan_ok=True)


def test_coefficients_are_those_of_schlafly_and_finkbeiner():
    found = extinction([1.0, 0.1, np.nan], ["u", "g", "r", "i", "z", "y", "K"])
    assert found[0, :6].tolist() == [4.239, 3.303, 2.285, 1.698, 1.263, 1.087]
    assert found[1, :6] == pytest.approx(found[0, :6] / 10)
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 6]).all()


def test_a_map_that_changes_is_read_anew(tmp_path):
    for value, size in ((0.1, 64), (0.2, 32)):
        write_map(tmp_path / MAP_FILES[0], 1, value, size)
        assert ebv([192.86], [27.13], tmp_path) == pytest.approx([value])


def test_a_map_is_read_once(tmp_path, monkeypatch):
    write_map(tmp_path / MAP_FILES[0], 1, 0.1)
    first = ebv([192.86], [27.13], tmp_path)
    monkeypatch.setattr(fits, "open", lambda *_, **__: pytest.fail("read again"))
    assert ebv([192.86], [27.13], tmp_path) == first


def test_a_missing_map_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"SFD_dust_4096_ngp\.fits"):
        ebv([192.86], [27.13], tmp_path / "nowhere")


def test_a_damaged_map_is_named(tmp_path):
    (tmp_path / MAP_FILES[0]).write_bytes(b"not a FITS file")
    with pytest.raises(RecipeError, match="not a dust map"):
        ebv([192.86], [27.13], tmp_path)
