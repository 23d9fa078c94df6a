import os
import pickle
import zipfile
from dataclasses import replace

import pytest
import torch
from torch import nn

from clumpscope.detector.published import import_published, published_spec
from clumpscope.detector.weights import layout, load_model
from clumpscope.errors import ModelError
from clumpscope.models import registry
from clumpscope.models.header import read_header
from clumpscope.models.spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec, Native, Published
from clumpscope.store.manifest import sha256_file
from networks import picture, save_checkpoint, thin, torchvision_network

FINE = 128  # px of the enlarged image: a small part of the published one's work
KEYS = thin(layout(published_spec("mine")))


def small_spec(name="mine") -> DetectorSpec:
    return published_spec(name).model_copy(update={"architecture": Published(min_size=FINE)})


def save(path, content):
    torch.save(content, path)
    return path


def assert_same_detections(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        assert len(other["scores"]) > 20
        torch.testing.assert_close(one["boxes"], other["boxes"], atol=1e-4, rtol=0)
        torch.testing.assert_close(one["scores"], other["scores"], atol=1e-4, rtol=0)
        assert torch.equal(one["labels"], other["labels"])


def test_imports_what_the_authors_saved(cache, checkpoint):
    assert len(checkpoint.network.state_dict()) == 295
    model = import_published(checkpoint.path, "mine", spec=small_spec())
    assert model == cache / "models" / "mine.safetensors" == registry.find_model("mine")
    images = [picture(1)]
    with torch.inference_mode():
        theirs = checkpoint.network(images)
        ours = load_model(model)[1](images)
    assert len(set(theirs[0]["labels"].tolist())) == 2
    assert_same_detections(ours, theirs)
    header = read_header(model)
    assert header.precisions == ("F32",)
    assert header.spec.weights_sha256 == sha256_file(checkpoint.path)
    assert header.spec.provenance.startswith("imported from trained.pth; trained on the")


@pytest.mark.slow
def test_at_the_published_scale(cache, tmp_path):
    """200 px crops enlarged to 800 px, with nothing said of the spec."""
    network = torchvision_network(min_size=800, seed=3)
    path = save_checkpoint(tmp_path / "trained.pth", network)
    spec, ours = load_model(import_published(path, "mine"))
    path.unlink()
    assert spec.architecture == Published()
    images = [picture(4, size=200)]
    with torch.inference_mode():
        assert_same_detections(ours(images), network(images))


def test_plain_batch_norm_loses_only_its_counters(cache, tmp_path):
    network = torchvision_network(norm_layer=nn.BatchNorm2d, seed=1)
    assert len(network.state_dict()) == 348
    path = save(tmp_path / "plain.pth", network.state_dict())
    spec, ours = load_model(import_published(path, "mine", spec=small_spec()))
    path.unlink()
    assert "plain batch-norms" in spec.provenance
    images = [picture(1)]
    with torch.inference_mode():
        assert_same_detections(ours(images), network(images))


def test_names_of_old_torchvision(cache, tmp_path):
    def old(key):
        key = key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        return key.replace("_blocks.0.0.", "_blocks.0.").replace("_blocks.3.0.", "_blocks.3.")

    renamed = {f"module.{old(key)}": tensor for key, tensor in KEYS.items()}
    assert sum(f"module.{key}" not in renamed for key in KEYS) == 10
    import_published(save(tmp_path / "old.pth", renamed), "mine")


def test_says_what_it_is(cache, tmp_path, monkeypatch):
    path = save(tmp_path / "Zoobot.pth", thin(KEYS))
    published = replace(registry.PUBLISHED["zoobot-backbone"], sha256=sha256_file(path))
    monkeypatch.setitem(registry.PUBLISHED, "zoobot-backbone", published)
    out = tmp_path / "deep" / "model.safetensors"
    assert import_published(path, "zoobot-backbone", out) == out
    assert not cache.exists()
    header = read_header(out)
    spec = header.spec
    assert (spec.name, spec.architecture.family) == ("zoobot-backbone", "published")
    assert (spec.mean, spec.std) == (IMAGENET_MEAN, IMAGENET_STD)
    assert (spec.composite.size, spec.composite.crop) == (400, 200)
    assert (spec.architecture.min_size, spec.score_threshold) == (800, 0.3)
    assert "800 px" in spec.provenance
    assert "Zoobot" in spec.weights
    assert spec.licence.startswith("GPL-3.0")
    assert "Popp et al. 2024" in spec.licence
    assert spec.metrics == {"ap": 0.44, "ar": 0.68, "f1": 0.54}
    assert len(header.shapes) == 295
    assert header.size > 165_000_000
    out.unlink()


def test_a_retrained_one_claims_nothing_of_the_authors():
    spec = published_spec("mine")
    assert "GPL" not in spec.licence
    assert spec.metrics == {}
    assert "retrained" in spec.weights


def test_every_published_name_has_its_origin():
    texts = {published_spec(name).weights for name in registry.PUBLISHED}
    assert len(texts) == len(registry.PUBLISHED) == 5
    assert published_spec("zoobot-clumps-backbone").metrics == {}  # released epoch not in Table 3


def test_a_published_name_wants_the_published_file(cache, tmp_path):
    path = save(tmp_path / "Zoobot.pth", thin(KEYS))
    wanted, found = registry.PUBLISHED["zoobot-backbone"].sha256, sha256_file(path)
    with pytest.raises(ModelError, match=f"expected sha256 {wanted}, got {found}.*another name"):
        import_published(path, "zoobot-backbone")
    assert not cache.exists()


def without(keys, ending):
    return {key: tensor for key, tensor in keys.items() if not key.endswith(ending)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (without(KEYS, "fc7.bias"), r"expected 295 tensors, got 294; missing .*fc7\.bias"),
        ({**KEYS, "extra.weight": torch.zeros(1)}, r"got 296; .*unknown \['extra\.weight'\]"),
        (without(KEYS, "running_mean"), "got 242; missing"),
        ({}, "expected 295 tensors, got 0"),
        ({"model": thin(KEYS)}, "key 'model': expected a named tensor, got dict"),
        ({3: torch.zeros(1)}, "key 3: expected a named tensor"),
        ([torch.zeros(1)], "expected a state_dict, got list"),
        (torch.zeros(3), "expected a state_dict, got Tensor"),
        (
            {**KEYS, "roi_heads.box_predictor.cls_score.weight": torch.zeros(91, 1024)},
            r"cls_score\.weight: expected shape \(3, 1024\), got \(91, 1024\)",
        ),
        (
            {**KEYS, "roi_heads.box_predictor.cls_score.bias": torch.full((3,), torch.nan)},
            r"cls_score\.bias: expected finite numbers, got NaN",
        ),
        (
            {**KEYS, "roi_heads.box_predictor.cls_score.bias": torch.zeros(3, dtype=torch.int64)},
            r"cls_score\.bias: expected real numbers, got torch\.int64",
        ),
        (
            {**KEYS, "rpn.head.conv.bias": torch.zeros(256)},
            r"expected rpn\.head\.conv\.0\.0\.bias once",
        ),
    ],
)
def test_what_does_not_fit(cache, tmp_path, content, message):
    path = save(tmp_path / "other.pth", content)
    with pytest.raises(ModelError, match=message) as raised:
        import_published(path, "mine")
    assert "other.pth" in str(raised.value)
    assert not cache.exists()


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_does_not_run(cache, tmp_path, zipped):
    marker, path = tmp_path / "ran", tmp_path / "bomb.pth"
    content = {**KEYS, "roi_heads.box_predictor.cls_score.bias": Bomb(marker)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"bomb\.pth: expected a state_dict.* not unpickled") as e:
        import_published(path, "mine")
    assert not marker.exists()
    assert "weights_only" not in str(e.value)  # torch's advice to run the code
    torch.load(path, weights_only=False)
    assert marker.exists()  # it would have run


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file(cache, tmp_path, share):
    path = save(tmp_path / "cut.pth", thin(KEYS))
    cut(path, share)
    with pytest.raises(ModelError, match=r"checkpoint .*cut\.pth"):
        import_published(path, "mine")
    assert not cache.exists()


def test_a_damaged_file(cache, tmp_path):
    path = save(tmp_path / "damaged.pth", thin(KEYS))
    content = bytearray(path.read_bytes())
    content[200:5000] = b"\xff" * 4800
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint .*damaged\.pth"):
        import_published(path, "mine")


@pytest.mark.parametrize("content", [b"<!DOCTYPE html>\n<p>404</p>\n", pickle.dumps({"a": 1})])
def test_not_a_checkpoint(cache, tmp_path, content):
    path = tmp_path / "page.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint .*page\.pth"):
        import_published(path, "mine")


def test_a_packed_checkpoint_that_grows(cache, tmp_path):
    path = save(tmp_path / "bomb.pth", thin(KEYS))
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file,
        file.open("archive/data/9999", "w", force_zip64=True) as entry,
    ):
        for _ in range(101):
            entry.write(bytes(10_000_000))
    assert path.stat().st_size < 3_000_000
    with pytest.raises(
        ModelError, match=r"bomb\.pth: size: expected at most 1000 MB, got 10\d\d MB"
    ):
        import_published(path, "mine")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
def test_a_tensor_that_is_not_in_the_file(cache, tmp_path):
    name = "rpn.head.conv.0.0.bias"
    path = save(tmp_path / "a.pth", {**thin(KEYS), name: torch.zeros(256).to_sparse()})
    with pytest.raises(
        ModelError, match=rf"tensor {name}: expected numbers in memory, got torch.sp"
    ):
        import_published(path, "mine")


def test_a_file_of_holes(cache, tmp_path):
    path = tmp_path / "a.pth"
    with path.open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(ModelError, match="size: expected at most 1000 MB, got 10000000 MB"):
        import_published(path, "mine")


def test_no_file(cache, tmp_path):
    with pytest.raises(ModelError, match=r"none\.pth: No such file"):
        import_published(tmp_path / "none.pth", "mine")
    with pytest.raises(ModelError, match="expected a regular file, got a folder"):
        import_published(tmp_path, "mine")


@pytest.mark.parametrize("name", ["../mine", "", ".hidden", "a b", "clumpscope-native"])
def test_a_name_that_cannot_be(cache, tmp_path, name):
    path = save(tmp_path / "x.pth", thin(KEYS))
    with pytest.raises(ModelError, match="model name"):
        import_published(path, name)


def test_a_native_spec_is_refused(cache, tmp_path):
    path = save(tmp_path / "x.pth", thin(KEYS))
    spec = DetectorSpec(name="mine", architecture=Native())
    with pytest.raises(ModelError, match="expected family published, got native"):
        import_published(path, "mine", spec=spec)
