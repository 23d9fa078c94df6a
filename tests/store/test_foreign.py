"""Tables that would unfold, or fetch something, while they are read."""

import bz2
import gzip
import lzma

import pytest

from clumpscope.errors import TableError
from clumpscope.store.formats import read_catalogue
from clumpscope.store.tables import read_user_table

TABLE = (
    '<?xml version="1.0"?>{before}<VOTABLE version="1.4" '
    'xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
    '<FIELD name="a" datatype="int"><LINK href="http://example.org"/></FIELD>'
    "<DATA><BINARY>{stream}</BINARY></DATA></TABLE></RESOURCE></VOTABLE>"
)
INSIDE = '<STREAM encoding="base64">AAAAKg==</STREAM>'
READERS = (read_user_table, read_catalogue)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_table_is_not_unpacked(tmp_path, read, suffix, pack):
    path = tmp_path / f"t{suffix}"
    path.write_bytes(pack(bytes(10_000)))
    with pytest.raises(TableError, match="expected a plain file, got a packed one; unpack it"):
        read(path)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "stream",
    [
        '<STREAM href="{place}"/>',
        "<STREAM\n actuate='>' href = '{place}'></STREAM>",
        '<v:STREAM xmlns:v="http://www.ivoa.net/xml/VOTable/v1.3" href="{place}"/>',
    ],
)
def test_a_votable_with_data_elsewhere_is_refused(tmp_path, read, stream):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes([0, 0, 0, 42]))
    path = tmp_path / "t.vot"
    path.write_text(TABLE.format(before="", stream=stream.format(place=secret.as_uri())))
    with pytest.raises(TableError, match="whole in itself, got a STREAM with the address"):
        read(path)


def test_a_votable_with_entities_or_of_two_bytes_a_letter_is_refused(tmp_path):
    path = tmp_path / "t.vot"
    path.write_text(TABLE.format(before='<!DOCTYPE a [<!ENTITY x "y">]>', stream=INSIDE))
    with pytest.raises(TableError, match="got one that declares entities"):
        read_user_table(path)
    path.write_text(TABLE.format(before="", stream=INSIDE), encoding="utf-16")
    with pytest.raises(TableError, match="got one in UTF-16"):
        read_user_table(path)


def test_a_votable_that_is_whole_is_read_links_and_all(tmp_path):
    path = tmp_path / "t.vot"
    path.write_text(TABLE.format(before="", stream=INSIDE))
    assert read_user_table(path)["a"].tolist() == [42]
