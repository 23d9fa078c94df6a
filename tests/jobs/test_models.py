"""Models fetched, imported, listed, shown and verified."""

import hashlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import torch

from clumpscope.config.services import MannersConfig
from clumpscope.detector.published import published_spec
from clumpscope.detector.weights import layout, save_model, save_tensors
from clumpscope.errors import DownloadError, ModelError
from clumpscope.jobs.models import (
    BASE_URL,
    fetch_models,
    import_models,
    list_models,
    show_models,
    verify_models,
)
from clumpscope.models import registry
from clumpscope.models.header import read_header
from clumpscope.models.inventory import Where
from clumpscope.models.registry import DEFAULT, PublishedCheckpoint
from clumpscope.models.spec import DetectorSpec
from clumpscope.net import download
from networks import native_network, native_spec
from servers import CONTENT

NAME = "zoobot-backbone"


def publish(monkeypatch, content) -> PublishedCheckpoint:
    """Make the published model one whose file has this content."""
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


def downloads() -> list[str]:
    return sorted(path.name for path in (registry.cache_folder() / "downloads").iterdir())


def test_fetched_once_and_imported(server, imported):
    seen = []
    path = fetch_models(NAME, progress=lambda done, total: seen.append((done, total)))
    assert imported == [CONTENT]
    assert path == registry.find_model(NAME)
    assert downloads() == []
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch_models(NAME) == path
    assert server.ranges == [None]  # it is here: nobody is asked again


def test_a_model_of_another_file_is_replaced(server, imported):
    path = registry.model_folder() / f"{NAME}.safetensors"
    save_tensors(path, {}, published_spec(NAME), half=False)
    assert fetch_models(NAME) == path
    assert imported == [CONTENT]
    path.write_bytes(b"no model at all")
    assert fetch_models(NAME) == path
    assert imported == [CONTENT, CONTENT]


def test_the_address_that_is_said_goes_before_the_variable_s(server, imported):
    with pytest.raises(DownloadError, match=r"/elsewhere/weights\.pth: the server answered 404"):
        fetch_models(NAME, base_url=server.url.replace("models", "elsewhere/"))
    assert downloads() == []


def test_what_else_can_be_done_is_said(server, imported):
    server.close()
    with pytest.raises(DownloadError) as raised:
        fetch_models(NAME)
    message = str(raised.value)
    assert f"{server.url}/weights.pth" in message
    assert "Run the command again" in message
    assert "weights.pth (0 MB)" in message
    assert "clumpscope models import weights.pth --as zoobot-backbone" in message


def test_the_size_is_said_in_megabytes(server, monkeypatch):
    server.close()
    with pytest.raises(DownloadError, match=r"run20_120\.pth \(166 MB\)"):
        fetch_models(NAME)


def test_an_unknown_name(cache):
    with pytest.raises(ModelError, match=r"expected one of imagenet-backbone, .*, got nosuch"):
        fetch_models("nosuch")


def test_the_address_of_the_authors(cache, imported, monkeypatch):
    """Without the variable, the authors' files; no request is made here."""
    asked = []

    def nothing(client, url, *_, **__):
        asked.append(url)
        raise httpx.ConnectError("no network")

    monkeypatch.delenv("CLUMPSCOPE_MODELS_URL", raising=False)
    monkeypatch.setattr(download, "MANNERS", MannersConfig(attempts=5, pause_s=0.0))
    monkeypatch.setattr(download.Client, "bring", nothing)
    with pytest.raises(DownloadError, match="no network"):
        fetch_models(NAME)
    assert set(asked) == {f"{BASE_URL}/weights.pth"}


def test_loading_the_module_needs_neither_network_nor_torch():
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
        f"module.{key}": torch.zeros(tensor.shape)
        for key, tensor in layout(published_spec(NAME)).items()
    }
    torch.save(tensors, path)
    server.content = path.read_bytes()
    path.unlink()
    publish(monkeypatch, server.content)
    server.breaks = [90_000_000]
    found = verify_models(str(fetch_models(NAME)))
    assert found.header.spec.name == NAME
    assert len(found.header.shapes) == 295
    assert server.sent == [90_000_000, len(server.content) - 90_000_000]
    assert downloads() == []


def test_an_import_goes_where_it_is_told(monkeypatch, cache, tmp_path):
    asked = []
    monkeypatch.setattr(
        "clumpscope.detector.published.import_published", lambda *given: asked.append(given)
    )
    file, out = Path("weights.pth"), tmp_path / "here.safetensors"
    import_models(file, "mine")
    import_models(file, "mine", out)
    known = cache / "models" / "mine.safetensors"
    assert asked == [(file, "mine", known), (file, "mine", out)]
    with pytest.raises(ModelError, match="name"):
        import_models(file, "../mine")


@pytest.fixture
def packaged(tmp_path, monkeypatch) -> Path:
    """A package with one model, the default."""
    folder = tmp_path / "package" / "models"
    path = folder / f"{DEFAULT}.safetensors"
    save_model(path, native_network(), native_spec(name=DEFAULT, licence="BSD-3-Clause"))
    monkeypatch.setattr(registry, "files", lambda _: folder.parent)
    return path


def test_the_packaged_model_is_listed_first_and_shown(packaged, cache):
    first, *others = list_models()
    assert (first.name, first.where, first.path) == (DEFAULT, Where.PACKAGED, packaged)
    assert {entry.where for entry in others} == {Where.PUBLISHED}
    assert show_models(None) == show_models(DEFAULT) == read_header(packaged)


def test_a_whole_model(packaged):
    found = verify_models(str(packaged))
    assert found.header == read_header(packaged)
    assert found.header.spec.name == DEFAULT
    assert found.sha256 == hashlib.sha256(packaged.read_bytes()).hexdigest()


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_number_that_is_none(packaged, number):
    network = native_network()
    with torch.no_grad():
        network.rpn.head.cls_logits.bias[0] = number
    save_model(packaged, network, native_spec())
    read_header(packaged)
    with pytest.raises(ModelError, match=r"rpn\.head\.cls_logits\.bias: expected finite numbers"):
        verify_models(str(packaged))


def test_tensors_that_do_not_fit(packaged):
    save_tensors(packaged, {}, native_spec(), half=False)
    with pytest.raises(ModelError, match="tensors, got 0; missing"):
        verify_models(str(packaged))


def test_a_published_name_is_not_for_every_model(packaged):
    save_model(packaged, native_network(), native_spec(name=NAME))
    with pytest.raises(ModelError, match=f"named {NAME}: expected made from .*, got none"):
        verify_models(str(packaged))
