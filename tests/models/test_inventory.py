import pytest
import torch

from clumpscope.detector.weights import save_model, save_tensors
from clumpscope.errors import ModelError
from clumpscope.jobs.models import verify_models as verify
from clumpscope.models import registry
from clumpscope.models.header import read_header
from clumpscope.models.inventory import Where, inventory
from clumpscope.models.registry import DEFAULT, PUBLISHED
from clumpscope.models.spec import DetectorSpec, Published
from clumpscope.store.manifest import sha256_file
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


def test_a_whole_model(packaged):
    found = verify(str(packaged))
    assert found.header == read_header(packaged)
    assert found.header.spec.name == DEFAULT
    assert found.sha256 == sha256_file(packaged)


def test_a_number_that_is_none(packaged):
    network = native_network()
    with torch.no_grad():
        network.rpn.head.cls_logits.bias[0] = torch.nan
    save_model(packaged, network, native_spec())
    read_header(packaged)
    with pytest.raises(ModelError, match=r"rpn\.head\.cls_logits\.bias: expected finite numbers"):
        verify(str(packaged))


def test_tensors_that_do_not_fit(packaged):
    save_tensors(packaged, {}, native_spec(), half=False)
    with pytest.raises(ModelError, match="tensors, got 0; missing"):
        verify(str(packaged))


def test_a_published_name_is_not_for_every_model(packaged):
    save_model(packaged, native_network(), native_spec(name="zoobot-backbone"))
    with pytest.raises(ModelError, match="named zoobot-backbone: expected made from .*, got none"):
        verify(str(packaged))
