"""Maps and catalogues, known by their hash."""

import hashlib

import numpy as np
import pytest

from clumpscope.errors import DownloadError
from clumpscope.net import reference as module
from clumpscope.net.client import Client
from clumpscope.net.reference import REFERENCES, Reference, bring_reference
from clumpscope.ops.extinction import MAP_FILES
from sky_server import image_bytes

MAP = image_bytes(np.ones((40, 40)))
OTHER = image_bytes(np.zeros((40, 40)))


@pytest.fixture
def listed(sky, monkeypatch):
    def make(sha256):
        one = Reference("map.fits", f"{sky.url}/map.fits", sha256, (("-source", "J/A+A/1"),))
        monkeypatch.setattr(module, "REFERENCES", {"map": (one,)})
        sky.files["/map.fits"] = MAP

    return make


def test_a_known_hash(sky, listed, tmp_path):
    listed(hashlib.sha256(MAP).hexdigest())
    with Client() as client:
        (path,) = bring_reference("map", tmp_path, client)
        assert path.read_bytes() == MAP
        bring_reference("map", tmp_path, client)
        assert list(sky.asked.values()) == [1]
        path.write_bytes(OTHER)  # as of a disk that went bad
        with pytest.raises(DownloadError, match="expected sha256 .* the file was deleted"):
            bring_reference("map", tmp_path, client)
        assert not path.exists()


def test_without_one_that_of_the_first_time_is_kept(sky, listed, tmp_path):
    listed(None)
    with Client() as client:
        (path,) = bring_reference("map", tmp_path, client)
        path.unlink()
        sky.files["/map.fits"] = OTHER
        with pytest.raises(DownloadError, match=f"sha256 {hashlib.sha256(MAP).hexdigest()}"):
            bring_reference("map", tmp_path, client)


def test_what_is_listed():
    assert tuple(one.file for one in REFERENCES["dust"]) == MAP_FILES
    with pytest.raises(DownloadError, match="expected dust or clumpscout, got nosuch"):
        bring_reference("nosuch", None)
