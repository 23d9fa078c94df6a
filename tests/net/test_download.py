"""Downloads from a small server in this process, which misbehaves as told."""

import errno
import hashlib
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import networks
from clumpscope.detector.published import published_spec
from clumpscope.detector.weights import layout, save_tensors
from clumpscope.errors import DownloadError, ModelError, StoreError
from clumpscope.jobs.models import BASE_URL
from clumpscope.jobs.models import fetch_models as fetch
from clumpscope.jobs.models import verify_models as verify
from clumpscope.models import registry
from clumpscope.models.registry import PublishedCheckpoint
from clumpscope.models.spec import DetectorSpec
from clumpscope.net import download

NAME = "zoobot-backbone"
CONTENT = np.random.default_rng(1).bytes(300_000)
PART = 100_000


class Server:
    """Serves ``content`` at ``/models/weights.pth``.

    Attributes
    ----------
    ranges
        ``Range`` header of each request so far, or ``None``.
    sent
        Bytes sent with each answer.
    breaks
        Bytes after which each of the first answers breaks off.
    statuses
        Instead of the first answers.
    """

    def __init__(self):
        self.content = CONTENT
        self.ranges, self.sent = [], []
        self.breaks, self.statuses = [], []
        self.knows_ranges = self.says_length = True
        self.wrong_part = 0  # bytes by which a part begins too late
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/models"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def answer(self, request):
        asked = request.headers["Range"]
        self.ranges.append(asked)
        if request.path != "/models/weights.pth":
            request.send_error(404)
            return
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        start = 0
        if asked and self.knows_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) + self.wrong_part
            if start >= len(self.content):
                request.send_error(416)
                return
            request.send_response(206)
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.content)}")
        else:
            request.send_response(200)
        body = self.content[start:]
        if self.says_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.breaks:
            body = body[: self.breaks.pop(0)]
        self.sent.append(len(body))
        request.wfile.write(body)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(cache, monkeypatch):
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    monkeypatch.setenv("CLUMPSCOPE_MODELS_URL", server.url)
    yield server
    server.close()


def publish(monkeypatch, content):
    checkpoint = PublishedCheckpoint(
        NAME, "weights.pth", hashlib.sha256(content).hexdigest(), len(content)
    )
    monkeypatch.setitem(registry.PUBLISHED, NAME, checkpoint)
    return checkpoint


@pytest.fixture
def imported(monkeypatch):
    """Take the import's place for files that are not checkpoints; the bytes it was given."""
    given = []
    checkpoint = publish(monkeypatch, CONTENT)
    spec = DetectorSpec(name=NAME, architecture={"family": "published"})

    def take(source, name, out):
        given.append(source.read_bytes())
        path = registry.model_folder() / f"{name}.safetensors"
        save_tensors(
            path, {}, spec.model_copy(update={"weights_sha256": checkpoint.sha256}), half=False
        )
        return path

    monkeypatch.setattr("clumpscope.detector.published.import_published", take)
    return given


def part_file() -> Path:
    return registry.cache_folder() / "downloads" / "weights.pth.part"


def leftovers() -> list[str]:
    return sorted(path.name for path in part_file().parent.iterdir())


def test_whole(server, imported):
    seen = []
    path = fetch(NAME, progress=lambda done, total: seen.append((done, total)))
    assert imported == [CONTENT]
    assert path == registry.find_model(NAME)
    assert leftovers() == []
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert server.ranges == [None]
    assert fetch(NAME) == path
    assert server.ranges == [None]  # it is here: nobody is asked


def test_goes_on_where_it_broke(server, imported):
    server.breaks = [PART, PART // 2]
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == [None, f"bytes={PART}-", f"bytes={PART + PART // 2}-"]
    assert sum(server.sent) == len(CONTENT)


def test_goes_on_in_a_later_call(server, imported):
    server.breaks = [PART] + 20 * [0]
    with pytest.raises(DownloadError, match=r"weights\.pth: .*Run the command again"):
        fetch(NAME)
    assert len(server.ranges) == 5
    assert part_file().read_bytes() == CONTENT[:PART]
    assert imported == []
    server.breaks = []
    seen = []
    fetch(NAME, progress=lambda done, _: seen.append(done))
    assert imported == [CONTENT]
    assert server.ranges[-1] == f"bytes={PART}-"
    assert min(seen) > PART


def test_a_server_without_ranges(server, imported):
    server.knows_ranges = False
    server.breaks = [PART]
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == [None, f"bytes={PART}-"]
    assert server.sent == [PART, len(CONTENT)]


def test_a_server_that_does_not_say_how_long(server, imported):
    server.says_length = False
    server.breaks = [PART]
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.sent == [PART, len(CONTENT) - PART]


def test_a_part_from_the_wrong_place(server, imported):
    server.breaks = [PART]
    server.wrong_part = 7
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == [None, f"bytes={PART}-", None]


def test_a_range_that_is_refused(server, imported):
    part_file().parent.mkdir(parents=True)
    part_file().write_bytes(CONTENT[:PART])
    server.statuses = [416]
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == [f"bytes={PART}-", None]


@pytest.mark.parametrize("name", ["weights.pth.part", "weights.pth"])
def test_what_is_whole_is_not_asked_for_again(server, imported, name):
    part_file().parent.mkdir(parents=True)
    part_file().with_name(name).write_bytes(CONTENT)
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == []


def test_a_part_that_is_too_long(server, imported):
    part_file().parent.mkdir(parents=True)
    part_file().write_bytes(CONTENT + b"x")
    fetch(NAME)
    assert imported == [CONTENT]
    assert server.ranges == [None]


def test_wrong_hash(server, imported):
    server.content = CONTENT[:-1] + b"x"
    wanted, found = (hashlib.sha256(one).hexdigest() for one in (CONTENT, server.content))
    with pytest.raises(ModelError, match=f"expected sha256 {wanted}, got {found}.*deleted"):
        fetch(NAME)
    assert leftovers() == []
    assert imported == []


def test_a_damaged_part_is_found_out(server, imported):
    part_file().parent.mkdir(parents=True)
    part_file().write_bytes(bytes(PART))
    with pytest.raises(ModelError, match="expected sha256"):
        fetch(NAME)
    fetch(NAME)
    assert imported == [CONTENT]


@pytest.mark.parametrize("says_length", [True, False])
def test_too_long(server, imported, says_length):
    server.content, server.says_length = CONTENT + b"x", says_length
    with pytest.raises(ModelError, match=r"expected 300000 bytes, got (at least )?30000"):
        fetch(NAME)
    assert leftovers() == []


def test_too_short(server, imported):
    """As of a Git LFS pointer that is served instead of the file."""
    server.content = b"version https://git-lfs.github.com/spec/v1\n"
    with pytest.raises(ModelError, match=r"weights\.pth: expected 300000 bytes, got 43"):
        fetch(NAME)
    assert leftovers() == []


def test_not_found(server, imported):
    with pytest.raises(DownloadError, match=r"/elsewhere/weights\.pth: the server answered 404"):
        fetch(NAME, base_url=server.url.replace("models", "elsewhere/"))
    assert len(server.ranges) == 1  # asking again would not help
    assert leftovers() == []


def test_a_busy_server(server, imported):
    server.statuses = [503, 429]
    fetch(NAME)
    assert imported == [CONTENT]
    server.statuses = 9 * [503]
    shutil.rmtree(registry.model_folder())
    with pytest.raises(DownloadError, match="the server answered 503"):
        fetch(NAME)


def test_offline(server, imported):
    server.close()
    with pytest.raises(DownloadError) as raised:
        fetch(NAME)
    message = str(raised.value)
    assert f"{server.url}/weights.pth" in message
    assert "clumpscope models import weights.pth --as zoobot-backbone" in message


@pytest.mark.parametrize("base", ["nowhere", "ftp://127.0.0.1/models", "http://[::1/x"])
def test_an_address_that_is_none(cache, imported, monkeypatch, base):
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    with pytest.raises(DownloadError, match="cannot download"):
        fetch(NAME, base_url=base)


def test_a_model_of_another_file_is_replaced(server, imported):
    path = registry.model_folder() / f"{NAME}.safetensors"
    save_tensors(path, {}, published_spec(NAME), half=False)
    assert fetch(NAME) == path
    assert imported == [CONTENT]


def test_an_unknown_name(cache):
    with pytest.raises(ModelError, match=r"expected one of imagenet-backbone, .*, got nosuch"):
        fetch("nosuch")


def test_a_full_disk(server, imported, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError, match=r"cannot write .*weights\.pth\.part: No space left"):
        fetch(NAME)


def test_the_address_of_the_authors(cache, imported, monkeypatch):
    """Without the variable, the authors' files; no request is made here."""
    asked = []

    def nothing(client, url, *_):
        asked.append(url)
        raise download.httpx.ConnectError("no network")

    monkeypatch.delenv("CLUMPSCOPE_MODELS_URL", raising=False)
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setattr(download, "_go_on", nothing)
    with pytest.raises(DownloadError, match="no network"):
        fetch(NAME)
    assert set(asked) == {f"{BASE_URL}/weights.pth"}


def test_import_needs_no_network():
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import clumpscope.jobs.models, sys\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_real_checkpoint_all_the_way(server, tmp_path, monkeypatch):
    """165 MB of the published layout: broken, gone on, checked, imported, verified."""
    path = tmp_path / "weights.pth"
    tensors = {
        f"module.{key}": networks.torch.zeros(tensor.shape)
        for key, tensor in layout(published_spec(NAME)).items()
    }
    networks.torch.save(tensors, path)
    server.content = path.read_bytes()
    path.unlink()
    publish(monkeypatch, server.content)
    server.breaks = [90_000_000]
    found = verify(str(fetch(NAME)))
    assert found.header.spec.name == NAME
    assert len(found.header.shapes) == 295
    assert server.sent == [90_000_000, len(server.content) - 90_000_000]
    assert leftovers() == []
