import pytest

from clumpscope.detector.weights import save_model, save_tensors
from clumpscope.models import registry
from clumpscope.models.inventory import Where, inventory
from clumpscope.models.registry import DEFAULT, PUBLISHED
from clumpscope.models.spec import DetectorSpec, Published
from networks import native_network, native_spec


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A package with one model, the default."""
    folder = tmp_path / "package" / "models"
    path = folder / f"{DEFAULT}.safetensors"
    save_model(path, native_network(), native_spec(name=DEFAULT, licence="BSD-3-Clause"))
    monkeypatch.setattr(registry, "files", lambda _: folder.parent)
    return path


def test_list(packaged, cache):
    folder = cache / "models"
    published = DetectorSpec(name="zoobot-backbone", architecture=Published(), licence="GPL-3.0")
    save_tensors(folder / "zoobot-backbone.safetensors", {}, published, half=False)
    (folder / "broken.safetensors").write_bytes(b"no")
    found = {entry.name: entry for entry in inventory()}
    assert list(found)[:3] == [DEFAULT, "broken", "zoobot-backbone"]
    assert set(found) == {DEFAULT, "broken", *PUBLISHED}
    default = found[DEFAULT]
    assert (default.where, default.path) == (Where.PACKAGED, packaged)
    assert (default.family, default.licence) == ("native", "BSD-3-Clause")
    assert default.size == packaged.stat().st_size
    zoobot = found["zoobot-backbone"]
    assert (zoobot.where, zoobot.family, zoobot.licence) == (Where.CACHED, "published", "GPL-3.0")
    assert "not a readable safetensors file" in found["broken"].problem
    assert found["broken"].size == 2
    absent = found["imagenet-backbone"]
    assert (absent.where, absent.path, absent.size) == (Where.PUBLISHED, None, 165753974)
    assert absent.licence.startswith("GPL-3.0")
    assert [entry.problem for entry in found.values()].count("") == len(found) - 1


def test_a_cached_model_never_hides_the_packaged_one(packaged, cache):
    save_tensors(cache / "models" / packaged.name, {}, native_spec(), half=False)
    assert [entry.path for entry in inventory() if entry.name == DEFAULT] == [packaged]
