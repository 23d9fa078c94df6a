"""Weights of encoders in every layout, each made by the library that saves it so."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import resnet50

from clumpscope.detector.network import build
from clumpscope.detector.published import published_spec
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.starts.layouts import Layout, lite_names
from clumpscope.detector.weights import save_model
from clumpscope.errors import ModelError
from clumpscope.models.spec import Published
from encoder_files import (
    LITE,
    RESNET,
    SMALL,
    TINY,
    TORCHVISION,
    detector_state,
    full,
    lightning,
    lite_file,
    numbered,
    save,
)
from networks import native_network, native_spec

CASES = {
    "zoobot's timm encoder": ("resnet50", RESNET, RESNET, Layout.TIMM),
    "torchvision's resnet50": ("resnet50", TORCHVISION, RESNET, Layout.TIMM),
    "zoobot's Lightning": (TINY, lightning(SMALL), SMALL, Layout.LIGHTNING),
    "efficientnet-lite": ("tf_efficientnet_lite0", lite_file(), LITE, Layout.LITE),
    "authors' detector": ("resnet50", detector_state(RESNET), RESNET, Layout.DETECTOR),
    "efficientnet_b0": (
        "efficientnet_b0",
        numbered(full("efficientnet_b0")),
        {},
        Layout.TIMM,
    ),
    "convnext": ("convnext_atto", numbered(full("convnext_atto")), {}, Layout.TIMM),
}


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_goes_where_it_belongs(case, tmp_path):
    encoder, content, expected, of = CASES[case]
    found = read_encoder(save(tmp_path / "weights.pth", content), encoder)
    assert found.layout is of
    wanted = encoder_layout(encoder)
    assert sorted(found.tensors) == sorted(wanted)
    for key, tensor in (expected or {k: content[k] for k in wanted}).items():
        if of is Layout.DETECTOR and key.endswith("num_batches_tracked"):
            assert found.tensors[key] == 0
        else:
            assert torch.equal(found.tensors[key], tensor), key


def renamed(content, key, name):
    """The same with one tensor under another name, wherever it lies."""
    if "state_dict" in content:
        return content | {"state_dict": renamed(content["state_dict"], key, name)}
    assert key in content
    return {(name if one == key else one): tensor for one, tensor in content.items()}


@pytest.mark.parametrize(
    ("case", "key", "name", "told"),
    [
        (
            "zoobot's timm encoder",
            "layer3.2.bn2.running_var",
            "layer3.2.bn2.var",
            r"missing \['layer3.2.bn2.running_var'\], unknown \['layer3.2.bn2.var'\]",
        ),
        (
            "torchvision's resnet50",
            "layer1.0.conv1.weight",
            "layer1.0.conv.weight",
            r"missing \['layer1.0.conv1.weight'\], unknown \['layer1.0.conv.weight'\]",
        ),
        ("torchvision's resnet50", "fc.weight", "head.weight", r"unknown \['head.weight'\]"),
        (
            "zoobot's Lightning",
            "encoder.layer2.0.conv1.weight",
            "encoder.layer2.0.conv.weight",
            r"missing \['layer2.0.conv1.weight'\], unknown \['layer2.0.conv.weight'\]",
        ),
        ("zoobot's Lightning", "head.1.weight", "tail.1.weight", r"got \['tail.1.weight'\]"),
        (
            "efficientnet-lite",
            "_blocks.7._bn0.bias",
            "_blocks.7._bn3.bias",
            r"missing \['blocks.3.2.bn1.bias'\], unknown \['_blocks.7._bn3.bias'\]",
        ),
        ("efficientnet-lite", "_fc.bias", "_head.bias", r"unknown \['_head.bias'\]"),
        (
            "authors' detector",
            "module.backbone.body.layer4.0.bn1.weight",
            "module.backbone.body.layer4.0.bn.weight",
            r"missing \['layer4.0.bn1.weight'\], unknown \['layer4.0.bn.weight'\]",
        ),
        (
            "authors' detector",
            "module.rpn.head.bbox_pred.bias",
            "module.head.bbox_pred.bias",
            r"got \['head.bbox_pred.bias'\]",
        ),
        (
            "convnext",
            "stages.2.blocks.0.gamma",
            "stages.2.blocks.0.scale",
            r"missing \['stages.2.blocks.0.gamma'\], unknown \['stages.2.blocks.0.scale'\]",
        ),
    ],
)
def test_one_renamed_key_is_refused_by_its_name(case, key, name, told, tmp_path):
    encoder, content, _, _ = CASES[case]
    path = save(tmp_path / "weights.pth", renamed(content, key, name))
    with pytest.raises(ModelError, match=rf"weights\.pth.*{told}"):
        read_encoder(path, encoder)


@pytest.mark.parametrize("case", ["zoobot's timm encoder", "efficientnet-lite", "convnext"])
def test_one_missing_key_is_refused_by_its_name(case, tmp_path):
    encoder, content, _, _ = CASES[case]
    key = [name for name in content if name.endswith("weight")][5]
    content = {name: one for name, one in content.items() if name != key}
    found = lite_names(LITE).get(key, key)
    with pytest.raises(ModelError, match=rf"missing \['{found}'\]"):
        read_encoder(save(tmp_path / "weights.pth", content), encoder)


def test_torchvisions_resnet_is_timms(tmp_path):
    """The same weights give the same features in both libraries, and in our detector."""
    torch.manual_seed(0)
    theirs = resnet50(weights=None).eval()
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    path = save(tmp_path / "resnet.pth", theirs.state_dict())
    weights = read_encoder(path, "resnet50")
    timms = timm.create_model("resnet50", num_classes=0).eval()
    timms.load_state_dict(weights.tensors)
    spec = published_spec("mine").model_copy(update={"architecture": Published(min_size=64)})
    body = build(spec).backbone.body.eval()
    body.load_state_dict(weights.named_as(body.state_dict(), "resnet"))
    image = torch.rand(1, 3, 64, 64)
    theirs.fc = nn.Identity()
    with torch.inference_mode():
        expected = theirs(image)
        torch.testing.assert_close(timms(image), expected, atol=1e-3, rtol=1e-3)
        found = body(image)["3"].mean(dim=(2, 3))
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    path.unlink()


@pytest.mark.parametrize("encoder", [TINY, "convnext_atto", "mobilenetv3_small_050"])
def test_a_pyramid_gets_the_levels_that_it_uses(encoder, tmp_path):
    """timm's feature extractors have other names; their features are the whole network's."""
    torch.manual_seed(0)
    whole = timm.create_model(encoder, pretrained=False)
    weights = read_encoder(save(tmp_path / "w.pth", whole.state_dict()), encoder)
    part = timm.create_model(encoder, features_only=True, out_indices=(1, 2), pretrained=False)
    assert not torch.equal(next(whole.parameters()), next(part.parameters()))
    part.load_state_dict(weights.named_as(part.state_dict(), encoder))
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = whole.eval().forward_intermediates(image, (1, 2), intermediates_only=True)
        found = part.eval()(image)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_the_encoder_of_a_detector_of_ours(tmp_path):
    network = native_network()
    save_model(tmp_path / "m.safetensors", network, native_spec(), half=False)
    weights = read_encoder(tmp_path / "m.safetensors", TINY)
    assert weights.layout is Layout.NATIVE
    encoder = network.backbone.encoder
    found = weights.named_as(encoder.state_dict(), "m")
    assert all(torch.equal(found[key], one) for key, one in encoder.state_dict().items())
    deeper = timm.create_model(TINY, features_only=True, out_indices=(1, 2, 3, 4))
    with pytest.raises(ModelError, match=r"missing, such as \['layer4\.0"):
        weights.named_as(deeper.state_dict(), "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer1.0.bn1.bias": torch.full((64,), torch.nan)}, r"bn1\.bias: expected finite"),
        ({"layer1.0.bn1.bias": torch.zeros(65)}, r"bn1\.bias: expected shape \(64,\), got"),
        ({"layer1.0.bn1.running_var": -torch.ones(64)}, "running_var: expected variances"),
        ({"layer1.0.bn1.bias": torch.zeros(64, dtype=torch.int64)}, "expected real numbers"),
        ({"layer1.0.bn1.bias": "text"}, r"key 'layer1\.0\.bn1\.bias': expected a named tensor"),
    ],
)
def test_what_cannot_be(change, message, tmp_path):
    path = save(tmp_path / "w.pth", {**SMALL, **change})
    with pytest.raises(ModelError, match=message) as raised:
        read_encoder(path, TINY)
    assert "w.pth" in str(raised.value)


def test_another_encoder(tmp_path):
    path = save(tmp_path / "w.pth", SMALL)
    with pytest.raises(ModelError, match="as resnet18.*missing.*unknown"):
        read_encoder(path, "resnet18")
    with pytest.raises(ModelError, match="expected a timm model, got resnet999"):
        read_encoder(path, "resnet999")
