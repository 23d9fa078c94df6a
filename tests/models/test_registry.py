import re
from pathlib import Path

import pytest

from clumpscope.errors import ModelError
from clumpscope.models import registry
from clumpscope.models.registry import DEFAULT, PUBLISHED, check_name, find_model


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A package with one model, the default."""
    folder = tmp_path / "package" / "models"
    folder.mkdir(parents=True)
    (folder / f"{DEFAULT}.safetensors").touch()
    monkeypatch.setattr(registry, "files", lambda _: folder.parent)
    return folder


def cached(cache, name) -> Path:
    path = cache / "models" / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_published_five():
    assert list(PUBLISHED) == [
        "imagenet-backbone",
        "imagenet-backbone-finetuned",
        "zoobot-clumps-backbone",
        "zoobot-backbone",
        "zoobot-backbone-finetuned",
    ]
    for name, checkpoint in PUBLISHED.items():
        assert checkpoint.name == name
        assert re.fullmatch("[0-9a-f]{64}", checkpoint.sha256)
        assert checkpoint.file.endswith(".pth")
        assert 165_750_000 < checkpoint.size < 165_760_000  # bytes
    assert len({checkpoint.sha256 for checkpoint in PUBLISHED.values()}) == 5
    assert len({checkpoint.file for checkpoint in PUBLISHED.values()}) == 5


def test_the_default_is_the_packaged_one(packaged, cache):
    path = packaged / f"{DEFAULT}.safetensors"
    assert find_model(None) == find_model(DEFAULT) == path
    cached(cache, DEFAULT)  # nothing that was put into the cache takes its place
    assert find_model(None) == find_model(DEFAULT) == path


def test_a_file_or_a_cached_name(packaged, cache, tmp_path):
    mine = tmp_path / "mine.bin"
    mine.touch()
    assert find_model(str(mine)) == mine
    path = cached(cache, "zoo")
    assert find_model("zoo") == path


def test_what_is_not_here(packaged, cache):
    cached(cache, "zoo")
    with pytest.raises(ModelError, match=f"a file or one of zoo, {DEFAULT}, got nosuch"):
        find_model("nosuch")
    with pytest.raises(ModelError, match="clumpscope models fetch zoobot-backbone'.* --as zoobot"):
        find_model("zoobot-backbone")
    (packaged / f"{DEFAULT}.safetensors").unlink()
    with pytest.raises(ModelError, match=f"got {DEFAULT}"):
        find_model(None)


def test_a_file_that_was_not_written_to_its_end_is_no_model(packaged, cache):
    cached(cache, ".zoo.safetensors.x1y2")
    assert registry.cached_models() == {}


def test_the_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLUMPSCOPE_CACHE", "~/here")
    assert registry.model_folder() == tmp_path / "here" / "models"
    monkeypatch.delenv("CLUMPSCOPE_CACHE")
    assert registry.cache_folder().is_relative_to(tmp_path)


@pytest.mark.parametrize("name", ["a", "Resnet_v1.2+x-y", "x" * 64])
def test_good_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".a", "../a", "a/b", "a b", "x" * 65, "ä", "a\n"])
def test_bad_names(name):
    with pytest.raises(ModelError, match="model name: expected 1 to 64 characters"):
        check_name(name)
