"""Tables as FITS: the bytes of astropy's own writer, but for what that cannot write."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Column, QTable, Table

from clumpscope.core.clumps import clump_table
from clumpscope.errors import TableError
from clumpscope.store import parts
from clumpscope.store.fits_tables import write_fits


@pytest.mark.parametrize("n", [0, 1, 5])
def test_header_and_rows_are_astropy_s(tmp_path, monkeypatch, n):
    """All but the cards that are ours."""
    monkeypatch.setattr(parts, "PART", 2)
    made = {
        "word": Column(np.array(["a", "bcd", "", "x", "yz"][:n], dtype="U6"), description="a word"),
        "raw": np.array([b"a", b"bcd", b"", b"x", b"yz"][:n], dtype="S3"),
        "right": np.arange(n) % 2 == 0,
        "small": np.arange(n, dtype=np.int16),
        "long": np.arange(n) + 2**60,
        "real": Column(np.linspace(0, np.nan, n), unit="Jy"),
        "single": np.linspace(0, 1, n, dtype=np.float32),
    }
    table = Table(made)
    write_fits(table, tmp_path / "t.fits")
    theirs = io.BytesIO()
    table.write(theirs, format="fits")
    theirs.seek(0)
    with fits.open(tmp_path / "t.fits", checksum=True) as hdus, fits.open(theirs) as others:
        assert hdus[1].data.tobytes() == others[1].data.tobytes()
        added = {"CHECKSUM", "DATASUM", "TCOMM1"}
        ours = [card for card in hdus[1].header.cards if card.keyword not in added]
        assert [str(card) for card in ours] == [str(card) for card in others[1].header.cards]
    assert (tmp_path / "t.fits").stat().st_size % 2880 == 0


def test_letters_that_fits_does_not_know(tmp_path):
    table = clump_table("release", {"galaxy_id": ["a", "b"], "vetted_by": ["José", "Ann"]})
    write_fits(table, tmp_path / "t.fits")
    with fits.open(tmp_path / "t.fits", checksum=True) as hdus:
        assert hdus[1].data["vetted_by"].tolist() == ["Jos?", "Ann"]


def test_a_column_of_something_else_is_named(tmp_path):
    with pytest.raises(TableError, match="column z for FITS: expected text, numbers"):
        write_fits(QTable({"z": [1j]}), tmp_path / "t.fits")
    assert not list(tmp_path.iterdir())
