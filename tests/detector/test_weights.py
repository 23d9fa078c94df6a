import errno
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from clumpscope.detector import weights
from clumpscope.detector.weights import load_model, save_model, save_tensors
from clumpscope.errors import ModelError, StoreError
from clumpscope.models.header import read_header, read_spec
from networks import native_network, native_spec, picture


@pytest.fixture(scope="module")
def network():
    return native_network()


@pytest.fixture
def saved(tmp_path, network):
    path = tmp_path / "model.safetensors"
    save_model(path, network, native_spec(metrics={"ap50": 0.5}))
    return path


def test_half_on_disk_single_in_memory(saved, network, tmp_path):
    stored, original = load_file(saved), network.state_dict()
    assert set(stored) == set(original)
    for name, tensor in stored.items():
        wanted = torch.float16 if original[name].is_floating_point() else torch.int64
        assert tensor.dtype == wanted, name
    spec, again = load_model(saved)
    assert spec == native_spec(metrics={"ap50": 0.5}) == read_spec(saved)
    assert not again.training
    for name, tensor in again.state_dict().items():
        assert tensor.dtype == original[name].dtype
        torch.testing.assert_close(tensor, original[name], rtol=1e-3, atol=1e-6)
    whole = tmp_path / "whole.safetensors"
    save_model(whole, network, spec, half=False)
    assert saved.stat().st_size < 0.52 * whole.stat().st_size
    with torch.inference_mode():
        assert torch.equal(
            load_model(whole)[1]([picture()])[0]["boxes"], network([picture()])[0]["boxes"]
        )


def test_one_metadata_key(saved):
    with safe_open(saved, framework="pt") as file:
        metadata = file.metadata()
    assert list(metadata) == ["clumpscope"]
    assert json.loads(metadata["clumpscope"])["name"] == "tiny"


def test_the_same_bytes_each_time(saved, network, tmp_path):
    other = tmp_path / "other.safetensors"
    reversed_ = dict(reversed(network.state_dict().items()))
    save_tensors(other, reversed_, native_spec(metrics={"ap50": 0.5}), half=True)
    assert other.read_bytes() == saved.read_bytes()


def test_what_overflows_half_precision_stays_single(tmp_path):
    tensors = {"a": torch.tensor([1e6, 1.0]), "b": torch.tensor([65504.0]), "c": torch.ones(2)}
    path = tmp_path / "x.safetensors"
    save_tensors(path, tensors, native_spec(), half=True)
    stored = load_file(path)
    assert [stored[name].dtype for name in "abc"] == [torch.float32, torch.float16, torch.float16]
    assert stored["a"][0] == 1e6


def test_the_header(saved, network):
    header = read_header(saved)
    original = network.state_dict()
    assert header.shapes == {name: tuple(tensor.shape) for name, tensor in original.items()}
    assert header.parameters == sum(tensor.numel() for tensor in original.values())
    assert header.precisions == ("F16", "I64")
    assert header.size == saved.stat().st_size


def with_spec(path: Path, text: str | None) -> None:
    save_file(load_file(path), path, metadata=None if text is None else {"clumpscope": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "expected metadata key 'clumpscope', got none"),
        ("{", "its spec is not valid"),
        ("[]", "its spec is not valid"),
        ('{"schema_version": "soon"}', "its spec is not valid"),
        ("{}", "its spec is not valid"),
        ('{"schema_version": 3, "attention": true}', "expected schema <= 2 .*newer.*, got 3"),
        ('{"name": "x", "architecture": {"family": "detr"}}', "its spec is not valid"),
    ],
)
def test_a_spec_that_cannot_be_read(saved, text, message):
    with_spec(saved, text)
    for read in (read_spec, load_model):
        with pytest.raises(ModelError, match=message) as raised:
            read(saved)
        assert str(saved) in str(raised.value)


def test_a_file_of_another_program(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"foreign.*expected metadata key"):
        load_model(path)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_a_truncated_file(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        load_model(saved)


def test_no_file(tmp_path):
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        read_spec(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="expected a regular file, got a folder"):
        read_spec(tmp_path)


def test_tensors_of_another_architecture(saved, network):
    wider = native_spec(
        architecture=native_spec().architecture.model_copy(update={"head": 24})
    ).model_dump_json()
    with_spec(saved, wider)
    message = r"box_head\.fc6\.weight: expected shape \(24, 784\), got \(16, 784\)"
    with pytest.raises(ModelError, match=message):
        load_model(saved)
    tensors = network.state_dict()
    tensors["spare"] = tensors.pop("rpn.head.cls_logits.bias")
    save_tensors(saved, tensors, native_spec(), half=True)
    with pytest.raises(ModelError, match=r"missing \['rpn.*logits\.bias'\], unknown \['spare'\]"):
        load_model(saved)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("convnextv2_huge", "missing .*unknown"),  # 1.8 GB if it were made
        ("regnety_2560", "missing .*unknown"),  # 4 GB
        ("banana", "detector.encoder: expected a timm model, got banana"),
        ("hf-hub:someone/something", "expected a timm model, got hf-hub"),
    ],
)
def test_a_spec_of_another_network_makes_none(saved, encoder, message, monkeypatch):
    other = native_spec(
        architecture=native_spec().architecture.model_copy(update={"encoder": encoder})
    )
    with_spec(saved, other.model_dump_json())
    made = []
    plain = weights.build
    monkeypatch.setattr(
        weights, "build", lambda spec: (made.append(torch.get_default_device()), plain(spec))[1]
    )
    with pytest.raises(ModelError, match=message):
        load_model(saved)
    assert [device.type for device in made] == ["meta"]


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e39])
def test_a_number_that_is_none_names_its_tensor(saved, network, value):
    tensors = {name: tensor.clone().double() for name, tensor in network.state_dict().items()}
    name = "roi_heads.box_predictor.cls_score.weight"
    tensors[name][0, 3] = value
    save_tensors(saved, tensors, native_spec(), half=False)
    with pytest.raises(ModelError, match=rf"tensor {name}: expected finite numbers, got NaN or"):
        load_model(saved)


def test_a_negative_variance(saved, network):
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    name = "backbone.encoder.bn1.running_var"
    tensors[name][2] = -1.0
    save_tensors(saved, tensors, native_spec(), half=True)
    with pytest.raises(ModelError, match=rf"tensor {name}: expected variances, got a negative one"):
        load_model(saved)


def test_a_full_disk(saved, network, monkeypatch):
    before = saved.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="the disk is full"):
        save_model(saved, network, native_spec())
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
