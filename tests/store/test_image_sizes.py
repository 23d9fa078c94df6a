"""Images that would cost too much are refused by their headers."""

import gzip
import io
import os
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from builders import galaxy_image, tan_wcs
from clumpscope.config.limits import LimitsConfig
from clumpscope.errors import ImageError
from clumpscope.ops.psf import sampled_gaussian
from clumpscope.store.image_sizes import check_psf_width
from clumpscope.store.images import read_galaxy, read_grid, write_galaxy
from fits_files import by_hand, extra

LIMITS = LimitsConfig()


def refused(path, message, limits=LIMITS):
    """Both readers refuse it, without much memory."""
    tracemalloc.start()
    with pytest.raises(ImageError, match=message) as caught:
        read_galaxy(path, limits=limits)
    with pytest.raises(ImageError, match=message):
        read_grid(path, {}, 1.3, limits)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert str(caught.value).startswith(str(path))


def sparse(path, shape, bitpix=-32, bands="gr"):
    """Bands of which only the headers are on the disk."""
    header = tan_wcs().to_header()
    with path.open("wb") as file:
        file.write(fits.PrimaryHDU().header.tostring().encode())
        for band in bands:
            cards = fits.ImageHDU(header=header).header
            cards["BITPIX"], cards["NAXIS"] = bitpix, 2
            cards.set("NAXIS1", shape[1], after="NAXIS")
            cards.set("NAXIS2", shape[0], after="NAXIS1")
            cards["EXTNAME"], cards["PSFFWHM"] = band, 1.3
            file.write(cards.tostring().encode())
            size = shape[0] * shape[1] * abs(bitpix) // 8
            file.truncate(file.tell() + -(-size // 2880) * 2880)
            file.seek(0, os.SEEK_END)
    return path


def test_a_pipe_and_an_endless_device(tmp_path):
    os.mkfifo(tmp_path / "a.fits")
    refused(tmp_path / "a.fits", r"a\.fits: expected a regular file, got a named pipe")
    (tmp_path / "b.fits").symlink_to("/dev/zero")
    refused(tmp_path / "b.fits", r"b\.fits: expected a regular file, got a device")


def test_more_pixels_than_allowed(tmp_path):
    path = sparse(tmp_path / "a.fits", (3001, 3000))
    refused(
        path, r"HDU [gr]: expected at most 9000000 px \(\[limits\] cutout_px\), got 3000 × 3001"
    )
    small = LimitsConfig(cutout_px=1599)
    refused(by_hand(tmp_path / "b.fits"), "at most 1599 px .*, got 40 × 40 px", small)
    assert read_galaxy(tmp_path / "b.fits", limits=LimitsConfig(cutout_px=1600)).shape == (40, 40)


def test_a_variance_or_a_mask_of_more_pixels(tmp_path):
    def edit(hdus):
        hdus.append(extra("r_VAR", np.zeros((41, 40), np.float32)))

    with pytest.raises(ImageError, match=r"HDU r_VAR: expected at most 1600 px"):
        read_galaxy(by_hand(tmp_path / "a.fits", edit=edit), limits=LimitsConfig(cutout_px=1600))


def test_many_planes_that_are_too_much_together(tmp_path):
    path = sparse(tmp_path / "a.fits", (2800, 3000), 8, "abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(ImageError, match=r"all planes: expected at most 600 MB in memory .*1966"):
        read_galaxy(path)


def test_a_large_file_and_a_packed_one_that_grows(tmp_path):
    path = by_hand(tmp_path / "a.fits")
    limits = LimitsConfig(decompressed_mb=0.02)
    message = r"a\.fits: size: expected at most 0.02 MB \(\[limits\] decompressed_mb\), got "
    refused(path, message + "0 MB", limits)
    content = path.read_bytes()
    path.write_bytes(gzip.compress(content))
    refused(path, message + "more when unpacked", limits)
    assert read_galaxy(path).shape == (40, 40)


def test_an_image_of_compressed_tiles(tmp_path):
    """The header of its own size counts, not that of the table which holds the tiles."""
    path = tmp_path / "a.fits"

    def packed(shape, kind="RICE_1"):
        data = np.zeros(shape, np.int16)
        data[0, :5] = 7
        hdu = fits.CompImageHDU(data, tan_wcs().to_header(), compression_type=kind)
        hdu.header.update({"EXTNAME": "r", "BUNIT": "nanomaggy", "PSFFWHM": 1.3})
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)

    for kind in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"):
        packed((60, 50), kind)
        assert read_galaxy(path).shape == (60, 50)
    packed((300, 400))
    refused(path, "HDU r: expected at most 99999 px", LimitsConfig(cutout_px=99_999))


def test_a_tile_that_unpacks_to_more_than_the_image(tmp_path):
    path = tmp_path / "a.fits"
    hdu = fits.CompImageHDU(
        np.arange(3000, dtype=np.int16).reshape(60, 50), compression_type="GZIP_1"
    )
    hdu.header.update({"EXTNAME": "r", "BUNIT": "nanomaggy", "PSFFWHM": 1.3})
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    stream.seek(0)
    with fits.open(stream, disable_image_compression=True) as hdus:
        bomb = np.frombuffer(gzip.compress(bytes(50_000_000)), np.uint8)
        column = fits.Column("COMPRESSED_DATA", "1PB()", array=np.array([bomb] * 60, dtype=object))
        table = fits.BinTableHDU.from_columns([column])
        for key, value in hdus[1].header.items():
            if key.startswith("Z") or key in ("EXTNAME", "BUNIT", "PSFFWHM"):
                table.header[key] = value
        fits.HDUList([hdus[0], table]).writeto(path)
    refused(path, "r tiles: expected at most 24000 bytes, got one that unpacks to more")


def test_a_psf_image_of_more_pixels(tmp_path):
    path = tmp_path / "a.fits"

    def edit(hdus):
        hdus.append(extra("r_PSF", sampled_gaussian(5.0)))

    side = len(sampled_gaussian(5.0))
    by_hand(path, edit=edit, PSFFWHM=2.0)
    assert read_galaxy(path, limits=LimitsConfig(psf_px=side))["r"].psf.shape == (side, side)
    with pytest.raises(ImageError, match=rf"at most {side - 2} px a side \(\[limits\] psf_px\)"):
        read_galaxy(path, limits=LimitsConfig(psf_px=side - 2))


def test_a_width_whose_psf_image_would_be_too_large(tmp_path):
    path = by_hand(tmp_path / "a.fits", PSFFWHM=3000.0)
    refused(path, r"band [gr] PSF-FWHM: expected a PSF image of at most 513 px a side .*for 3000")
    # Degrees that are called arcsec: a pixel of 0.0001 arcsec.
    refused(by_hand(path, CUNIT1="arcsec", CUNIT2="arcsec"), r"arcsec at 0\.0001\d* arcsec a pixel")
    by_hand(path, PSFFWHM=10.0)
    del path
    for fwhm in (1.0, 30.0, 53.0, 80.0):
        side = len(sampled_gaussian(fwhm / 0.396))
        check_psf_width("", fwhm, 0.396, LimitsConfig(psf_px=side))
        with pytest.raises(ImageError, match="PSF-FWHM"):
            check_psf_width("", fwhm, 0.396, LimitsConfig(psf_px=side - 1))


def test_a_width_of_the_host_table_or_the_recipe(tmp_path):
    def edit(hdus):
        for hdu in hdus[1:]:
            del hdu.header["PSFFWHM"]

    path = by_hand(tmp_path / "a.fits", edit=edit)
    with pytest.raises(ImageError, match="band g PSF-FWHM: .*psf_px"):
        read_galaxy(path, psf_fwhm_arcsec={"g": 900.0, "r": 1.3})
    with pytest.raises(ImageError, match="band r PSF-FWHM: .*psf_px"):
        read_grid(path, {}, 900.0)


def test_what_the_limits_leave_alone(tmp_path):
    image = galaxy_image(bands="gr")
    write_galaxy(tmp_path / "a.fits", image)
    found = read_galaxy(tmp_path / "a.fits")
    for band in "gr":
        np.testing.assert_array_equal(found[band].data, image[band].data)
