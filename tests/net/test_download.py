"""Files from a small server that misbehaves as told: whole, gone on with, or refused."""

import errno
import hashlib
from pathlib import Path

import numpy as np
import pytest

from clumpscope.config.services import MannersConfig
from clumpscope.errors import DownloadError, ModelError, StoreError
from clumpscope.net import download as module
from servers import Server

CONTENT = np.random.default_rng(1).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PART = 100_000


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "MANNERS", MannersConfig(attempts=5, pause_s=0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server(CONTENT)
    yield server
    server.close()


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "downloads" / "weights.pth"


def part_of(target: Path) -> Path:
    return target.with_name("weights.pth.part")


def bring(server, target, progress=None, url=None) -> None:
    url = f"{server.url}/weights.pth" if url is None else url
    module.download(url, target, len(CONTENT), SHA256, "Ask a friend", progress)


def files(target) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in target.parent.iterdir()}


WHOLE = {"weights.pth": CONTENT}


def test_whole(server, target):
    seen = []
    bring(server, target, lambda done, total: seen.append((done, total)))
    assert files(target) == WHOLE
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert server.ranges == [None]


def test_goes_on_where_it_broke(server, target):
    server.breaks = [PART, PART // 2]
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == [None, f"bytes={PART}-", f"bytes={PART + PART // 2}-"]
    assert sum(server.sent) == len(CONTENT)


def test_goes_on_in_a_later_call(server, target):
    server.breaks = [PART] + 20 * [0]
    with pytest.raises(DownloadError, match=r"weights\.pth: .*\. Ask a friend"):
        bring(server, target)
    assert len(server.ranges) == 5
    assert files(target) == {"weights.pth.part": CONTENT[:PART]}
    server.breaks = []
    seen = []
    bring(server, target, lambda done, _: seen.append(done))
    assert files(target) == WHOLE
    assert server.ranges[-1] == f"bytes={PART}-"
    assert min(seen) > PART


def test_a_server_without_ranges(server, target):
    server.knows_ranges = False
    server.breaks = [PART]
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == [None, f"bytes={PART}-"]
    assert server.sent == [PART, len(CONTENT)]


def test_a_server_that_does_not_say_how_long(server, target):
    server.says_length = False
    server.breaks = [PART]
    bring(server, target)
    assert files(target) == WHOLE
    assert server.sent == [PART, len(CONTENT) - PART]


def test_a_part_from_the_wrong_place(server, target):
    server.breaks = [PART]
    server.wrong_part = 7
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == [None, f"bytes={PART}-", None]


def test_a_range_that_is_refused(server, target):
    part_of(target).parent.mkdir()
    part_of(target).write_bytes(CONTENT[:PART])
    server.statuses = [416]
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == [f"bytes={PART}-", None]


@pytest.mark.parametrize("name", ["weights.pth.part", "weights.pth"])
def test_what_is_whole_is_not_asked_for_again(server, target, name):
    target.parent.mkdir()
    target.with_name(name).write_bytes(CONTENT)
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == []


def test_a_part_that_is_too_long(server, target):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT + b"x")
    bring(server, target)
    assert files(target) == WHOLE
    assert server.ranges == [None]


def test_wrong_hash(server, target):
    server.content = CONTENT[:-1] + b"x"
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(ModelError, match=f"expected sha256 {SHA256}, got {found}.*deleted"):
        bring(server, target)
    assert files(target) == {}


def test_a_damaged_part_is_found_out(server, target):
    target.parent.mkdir()
    part_of(target).write_bytes(bytes(PART))
    with pytest.raises(ModelError, match="expected sha256"):
        bring(server, target)
    bring(server, target)
    assert files(target) == WHOLE


@pytest.mark.parametrize("says_length", [True, False])
def test_too_long(server, target, says_length):
    server.content, server.says_length = CONTENT + b"x", says_length
    with pytest.raises(ModelError, match=r"expected 300000 bytes, got (at least )?30000"):
        bring(server, target)
    assert files(target) == {}


def test_too_short(server, target):
    """As of a Git LFS pointer that is served instead of the file."""
    server.content = b"version https://git-lfs.github.com/spec/v1\n"
    with pytest.raises(ModelError, match=r"weights\.pth: expected 300000 bytes, got 43"):
        bring(server, target)
    assert files(target) == {}


def test_not_found(server, target):
    elsewhere = f"{server.url}/elsewhere/weights.pth"
    with pytest.raises(DownloadError, match=r"/elsewhere/weights\.pth: the server answered 404"):
        bring(server, target, url=elsewhere)
    assert len(server.ranges) == 1  # asking again would not help
    assert files(target) == {}


def test_a_busy_server(server, target):
    server.statuses = [503, 429]
    bring(server, target)
    assert files(target) == WHOLE
    target.unlink()
    server.statuses = 9 * [503]
    with pytest.raises(DownloadError, match="the server answered 503"):
        bring(server, target)


def test_offline(server, target):
    server.close()
    with pytest.raises(DownloadError, match=f"cannot download {server.url}/weights.pth: "):
        bring(server, target)


@pytest.mark.parametrize("base", ["nowhere", "ftp://127.0.0.1/models", "http://[::1/x"])
def test_an_address_that_is_none(server, target, base):
    with pytest.raises(DownloadError, match="cannot download"):
        bring(server, target, url=f"{base}/weights.pth")
    assert server.ranges == []


def test_a_full_disk(server, target, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError, match=r"cannot write .*weights\.pth\.part: No space left"):
        bring(server, target)
