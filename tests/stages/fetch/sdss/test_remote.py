"""Addresses of SDSS's files."""

import pytest

from clumpscope.errors import FrameError
from clumpscope.stages.fetch.sdss.mirror import _FRAME, _PHOTOFIELD, _PSFIELD, FieldKey
from clumpscope.stages.fetch.sdss.remote import check_field, field_files, photofield_file

BASE = "https://archive.example/sas/dr17"


def test_files_of_a_field():
    files = field_files(check_field(1043, 5, 25), BASE)
    assert [file.name[6] for file in files[:5]] == list("rugiz")
    assert files[0].url == (
        f"{BASE}/eboss/photoObj/frames/301/1043/5/frame-r-001043-5-0025.fits.bz2"
    )
    assert files[5].url == f"{BASE}/eboss/photo/redux/301/1043/objcs/5/psField-001043-5-0025.fit"
    assert [file.needed for file in files] == [True] * 5 + [False]
    photofield = photofield_file(FieldKey(1043, 5, 25), BASE)
    assert photofield.url == f"{BASE}/eboss/photoObj/301/1043/photoField-001043-5.fits"
    # A mirror finds them.
    assert all(_FRAME.fullmatch(file.name) for file in files[:5])
    assert _PSFIELD.fullmatch(files[5].name)
    assert _PHOTOFIELD.fullmatch(photofield.name)


@pytest.mark.parametrize("key", [(0, 1, 1), (1, 7, 1), (1, 0, 1), (1, 1, 10_000), (10**6, 1, 1)])
def test_what_is_no_field(key):
    with pytest.raises(FrameError, match="camcol"):
        check_field(*key)
