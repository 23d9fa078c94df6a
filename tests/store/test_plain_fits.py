import io

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.store.fits_bytes import image_hdu, primary_hdu
from clumpscope.store.plain_fits import plain_hdus

DATA = np.arange(12, dtype=np.float32).reshape(3, 4)


def file_of(*parts):
    return io.BytesIO(b"".join([primary_hdu({"OBJECT": "g1", "RA": (12.5, "[deg] host")}), *parts]))


def changed(old, new):
    """The plain file with a card, of the same length, exchanged."""
    content = file_of(image_hdu(DATA, "r", {"BUNIT": "nanomaggy"})).getvalue()
    assert content.count(old) == 1
    return io.BytesIO(content.replace(old, new.ljust(len(old))))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_plain_files_are_read_as_astropy_reads_them(dtype):
    cards = {"A": True, "B": -3, "C": 1.5e-7, "D": "x = / y ", "E-F_1": (0.1, "words / more")}
    stream = file_of(image_hdu(DATA.astype(dtype), "r", cards), image_hdu(DATA, "r_VAR", {}))
    found = plain_hdus(stream)
    with fits.open(stream, memmap=False) as hdus:
        assert len(found) == len(hdus)
        for mine, theirs in zip(found, hdus, strict=True):
            assert [(card.keyword, card.value) for card in mine.header.cards] == [
                (card.keyword, card.value) for card in theirs.header.cards
            ]
            assert mine.shape == theirs.shape
            if mine.shape:
                assert mine.data.dtype == theirs.data.dtype
                assert (mine.data == theirs.data).all()


def test_headers_that_astropy_wrote_are_plain():
    stream = io.BytesIO()
    header = fits.Header({"EXTNAME": "r", "CRVAL1": 150.123456789, "GAIN": 4, "OK": False})
    header.add_comment("by hand")
    header.add_history("and again")
    header["NOTE"] = ("", "empty")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(DATA.astype(float), header)]).writeto(stream)
    _, hdu = plain_hdus(stream)
    assert hdu.header["CRVAL1"] == 150.123456789
    assert hdu.header["GAIN"] == 4
    assert hdu.header["OK"] is False
    assert hdu.header["NOTE"] == ""
    assert "COMMENT" not in hdu.header
    assert (hdu.data == DATA).all()


BUNIT = b"BUNIT   = 'nanomaggy'         "


@pytest.mark.parametrize(
    "card",
    [
        b"BUNIT   = 'nano''maggy'",
        b"BUNIT   = 'AXIS.1: 2'",
        b"BUNIT   = 'nanomaggy",
        b"BUNIT   = nanomaggy",
        b"BUNIT   = 1.0D3",
        b"BUNIT   = 1234567890123456789",
        b"BUNIT   = (1.0, 2.0)",
        b"BUNIT   = 1 2",
        b"BUNIT   =",
        b"BUNIT   ='nanomaggy'",
        b"BUNIT = 'nanomaggy'",
        b"bunit   = 'nanomaggy'",
        b"AB= '   = '",
        b"HIERARCH A B = 2",
        b"CONTINUE  'more'",
        b"EXTNAME = 'again'",
        b"BSCALE  = 2.0",
        b"BZERO   = 1.0",
        b"BLANK   = 1",
        b"ZIMAGE  = T",
        b"COMMENT = 3\t",
        b"END     = 3",
        b"BUNIT   = '\xe9'",
        b"\0\0",
    ],
)
def test_a_card_that_is_not_plain_is_left_to_astropy(card):
    assert plain_hdus(changed(BUNIT, BUNIT)) is not None
    assert plain_hdus(changed(BUNIT, card)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"XTENSION= 'IMAGE   '", b"XTENSION= 'TABLE   '"),
        (b"BITPIX  =                  -32", b"BITPIX  =                   16"),
        (b"NAXIS   =                    2", b"NAXIS   =                    3"),
        (b"NAXIS   =                    2", b"NAXIS   =                  2.0"),
        (b"NAXIS1  =                    4", b"NAXIS1  =                   -4"),
        (b"NAXIS1  =                    4", b"NAXIS1  =                    0"),
        (b"NAXIS1  =                    4", b"NAXIS3  =                    4"),
        (b"NAXIS1  =                    4", b"NAXIS1  =           4000000000"),
        (b"PCOUNT  =                    0", b"PCOUNT  =                    8"),
        (b"GCOUNT  =                    1", b"GCOUNT  =                    2"),
        (b"SIMPLE  =                    T", b"SIMPLE  =                    F"),
    ],
)
def test_an_hdu_that_is_not_plain_is_left_to_astropy(old, new):
    assert plain_hdus(changed(old, new)) is None


def test_a_file_that_is_not_whole_is_left_to_astropy():
    content = file_of(image_hdu(DATA, "r", {})).getvalue()
    for part in (b"", content[:100], content[:2880], content[:-1], content[:-2880]):
        stream = io.BytesIO(part)
        found = plain_hdus(stream)
        assert found is None or len(part) == 2880
        assert stream.tell() == 0
    assert plain_hdus(io.BytesIO(content + b" ")) is None
    assert plain_hdus(io.BytesIO(content + bytes(2880))) is None


def test_data_that_are_gone_when_they_are_read_are_an_error():
    stream = file_of(image_hdu(DATA, "r", {}))
    _, hdu = plain_hdus(stream)
    stream.truncate(hdu.start + 8)
    with pytest.raises(OSError, match="truncated"):
        _ = hdu.data
