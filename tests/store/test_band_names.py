"""Which HDUs are bands: of ours, made by hand, and foreign ones."""

import numpy as np
import pytest
from astropy.io import fits

from builders import galaxy_image
from clumpscope.errors import ImageError
from clumpscope.store.band_names import as_known, bands_in, bands_of_file
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.sample import Sample

PLAIN = frozenset({"BITPIX", "BUNIT"})
WIDE = frozenset({"BITPIX", "PSFFWHM"})

FOREIGN = {
    "JWST": ["PRIMARY", "SCI", "ERR", "CON", "WHT", "VAR_POISSON", "VAR_RNOISE", "HDRTAB", "ASDF"],
    "HST": ["", "SCI", "WHT", "CTX", "D2IMARR", "WCSDVARR", "WCSCORR", "MDRIZSKY"],
    "LSST": ["", "IMAGE", "MASK", "VARIANCE", "ARCHIVE_INDEX", "FilterLabel", "Detector", "SkyWcs"],
    "Legacy": ["", "INVVAR", "MASKBITS", "NEXP"],
    "Euclid": ["", "RMS", "FLG", "BACKGROUND", "PSF"],
    "DES": ["", "WGT", "MSK"],
}


@pytest.mark.parametrize("names", FOREIGN.values(), ids=FOREIGN)
def test_planes_of_foreign_files_are_no_bands(names):
    assert bands_in(dict.fromkeys(names, PLAIN)) == ()
    assert bands_in({"g": PLAIN, **dict.fromkeys(names, PLAIN)}) == ("g",)


@pytest.mark.parametrize("generic", ["SCI", "IMAGE", "ERR", "MASK", "data"])
def test_not_even_if_they_say_a_width_or_have_a_companion(generic):
    assert bands_in({generic: WIDE, f"{generic}_VAR": PLAIN}) == ()


def test_known_bands_and_letters_are_bands_as_they_are_and_others_by_what_they_say():
    planes = {"r": PLAIN, "V": PLAIN, "VIS": PLAIN, "F814W": PLAIN, "narrow": PLAIN}
    assert bands_in(planes) == ("r", "V", "VIS", "F814W")
    assert bands_in({**planes, "narrow": WIDE})[-1] == "narrow"
    for extra in ("_VAR", "_MASK", "_PSF"):
        assert bands_in({**planes, f"narrow{extra}": PLAIN})[-1] == "narrow"


def test_upper_case_of_astropy_is_that_of_letters_alone():
    names = ["U", "U_VAR", "VIS", "YE", "YE_VAR", "F814W"]
    found = as_known({name: name for name in names})
    assert list(found) == ["u", "u_VAR", *names[2:]]
    assert list(as_known({"Y": 1, "y": 2})) == ["Y", "y"]  # both there: refused when they are read
    assert list(as_known({"U": 1}, asked=["U"])) == ["U"]
    assert list(as_known({"U": 1, "V": 2})) == ["U", "V"]


@pytest.mark.parametrize("bands", ["ugriz", ("VIS", "YE", "JE", "HE"), ("g", "F814W", "narrow")])
@pytest.mark.parametrize("packed", [False, True])
def test_headers_tell_the_bands_that_a_reader_finds(tmp_path, bands, packed):
    path = tmp_path / "g1.fits"
    write_galaxy(path, galaxy_image("g1", bands))
    if packed:
        with fits.open(path) as hdus:
            planes = [
                fits.CompImageHDU(hdu.data, hdu.header) if hdu.data is not None else hdu
                for hdu in hdus
            ]
            fits.HDUList(planes).writeto(path, overwrite=True)
    assert bands_of_file(path) == tuple(read_galaxy(path).bands) == tuple(bands)


def test_bands_of_a_sample_are_those_of_all_its_images(tmp_path):
    for name, bands in (("a", "zg"), ("b", ("HE", "VIS")), ("c", "gr")):
        write_galaxy(tmp_path / f"{name}.fits", galaxy_image(name, bands))
    (tmp_path / "d.fits").write_bytes(b"no image")
    assert Sample.open(tmp_path).bands() == ("g", "r", "VIS", "z", "HE")
    planes = galaxy_image("e", ("g", "narrow"))
    write_galaxy(tmp_path / "e.fits", planes)
    assert Sample.open(tmp_path).bands() == ("g", "r", "VIS", "z", "HE", "narrow")
    write_galaxy(tmp_path / "f.fits", galaxy_image("f", ("g", "Narrow")))
    with pytest.raises(ImageError, match=r"more than case.*narrow Narrow"):
        Sample.open(tmp_path).bands()


def test_two_names_that_only_case_parts_are_refused(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for name in "yY":
        hdus.append(fits.ImageHDU(np.ones((9, 9), np.float32)))
        hdus[-1].header["EXTNAME"] = name
        hdus[-1].header["BUNIT"] = "nanomaggy"
    fits.HDUList(hdus).writeto(tmp_path / "g.fits")
    with pytest.raises(ImageError, match=r"differ by more than case.*got y Y; rename"):
        read_galaxy(tmp_path / "g.fits", default_psf_fwhm_arcsec=1.3)
