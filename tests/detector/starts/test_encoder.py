"""Weights of encoders in every layout, each made by the library that saves it so."""

import os

import pytest
import timm
import torch
from torch import nn
from torchvision.models import resnet50

from clumpscope.detector.network import build
from clumpscope.detector.published import published_spec
from clumpscope.detector.starts.bands import adapted
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.starts.layouts import Layout, lite_names
from clumpscope.detector.weights import layout, save_model
from clumpscope.errors import ModelError
from clumpscope.models.spec import Published
from networks import native_network, native_spec, thin

TINY = "resnet10t"


def numbered(tensors):
    """Every tensor filled by a number of its own, none of them equal, thin in a file."""
    return {
        key: (torch.tensor(n if "batches" in key else n / 1000)).expand(tensor.shape)
        for n, (key, tensor) in enumerate(tensors.items(), start=1)
    }


def filled(network: nn.Module, tensors) -> nn.Module:
    network.load_state_dict({key: one.clone() for key, one in tensors.items()}, strict=False)
    return network


def save(path, content):
    torch.save(content, path)
    return path


def full(encoder, **settings):
    """As timm has it, with its classifier; no numbers."""
    with torch.device("meta"):
        return timm.create_model(encoder, **settings).state_dict()


class Schema:
    """Something of Zoobot's own project."""

    def __init__(self):
        self.questions = ["smooth-or-featured"]


def lightning(encoder_tensors):
    """A checkpoint as Lightning writes it of a module with ``encoder`` and ``head``."""
    state = {f"encoder.{key}": tensor for key, tensor in encoder_tensors.items()}
    state |= {"head.1.weight": torch.zeros(34, 8), "head.1.bias": torch.zeros(34)}
    return {
        "epoch": 12,
        "global_step": 1000,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": state,
        "optimizer_states": [{"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": []}],
        "hyper_parameters": {"architecture_name": TINY, "schema": Schema()},
    }


def detector_state(tensors):
    """The authors' detector: frozen batch-norm, so no counters, in a ``DataParallel``."""
    state = thin(layout(published_spec("mine")))
    for key in state:
        if key.startswith("backbone.body."):
            state[key] = tensors[key.removeprefix("backbone.body.")]
    return {f"module.{key}": tensor for key, tensor in state.items()}


def counterless(tensors):
    return {key: one for key, one in tensors.items() if not key.endswith("num_batches_tracked")}


RESNET = numbered(encoder_layout("resnet50"))
SMALL = numbered(encoder_layout(TINY))
LITE = numbered(encoder_layout("tf_efficientnet_lite0"))
TORCHVISION = RESNET | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}


def lite_file():
    back = {timms: lite for lite, timms in lite_names(LITE).items()}
    named = {back[key]: tensor for key, tensor in LITE.items()}
    return named | {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}


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


def test_names_of_efficientnet_lite():
    """Some of the package's own names, as its file has them."""
    names = lite_names(LITE)
    assert len(names) == len(LITE) == 294
    assert {
        "_conv_stem.weight": "conv_stem.weight",
        "_bn0.weight": "bn1.weight",
        "_blocks.0._depthwise_conv.weight": "blocks.0.0.conv_dw.weight",
        "_blocks.0._bn2.running_var": "blocks.0.0.bn2.running_var",
        "_blocks.1._expand_conv.weight": "blocks.1.0.conv_pw.weight",
        "_blocks.2._bn0.bias": "blocks.1.1.bn1.bias",
        "_blocks.6._project_conv.weight": "blocks.3.1.conv_pwl.weight",
        "_blocks.15._bn2.weight": "blocks.6.0.bn3.weight",
        "_conv_head.weight": "conv_head.weight",
        "_bn1.running_mean": "bn2.running_mean",
    }.items() <= names.items()


@pytest.mark.parametrize("bands", [1, 2, 5])
def test_an_image_that_is_the_same_in_every_band_gives_the_same_response(bands):
    weight = torch.randn(4, 3, 5, 5)
    image = torch.rand(1, 1, 9, 9)
    expected = nn.functional.conv2d(image.expand(1, 3, 9, 9), weight)
    found = nn.functional.conv2d(image.expand(1, bands, 9, 9), adapted(weight, bands, bands))
    torch.testing.assert_close(found, expected)
    assert adapted(weight, 3, 3) is weight


@pytest.mark.parametrize("given", [1, 3])
def test_networks_of_other_bands_get_their_first_convolution(given, tmp_path):
    one_band = timm.create_model(TINY, num_classes=0, in_chans=given).state_dict()
    weights = read_encoder(save(tmp_path / "w.pth", one_band), TINY, channels=10, bands=5)
    first = weights.tensors["conv1.0.weight"]
    assert first.shape[1] == 10
    assert not first[:, 5:].any()
    torch.testing.assert_close(first.sum(dim=1), one_band["conv1.0.weight"].sum(dim=1))
    assert torch.equal(first[:, 0], first[:, 4])


class Bomb:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Harmless:
    """Of a project that is not here: its code would touch a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return touch, (self.marker,)


def touch(marker):
    marker.touch()


def test_code_in_a_lightning_checkpoint_does_not_run(tmp_path):
    marker = tmp_path / "ran"
    content = lightning(SMALL)
    content["hyper_parameters"]["schema"] = Harmless(marker)
    found = read_encoder(save(tmp_path / "zoobot.ckpt", content), TINY)
    assert found.layout is Layout.LIGHTNING
    assert not marker.exists()
    torch.load(tmp_path / "zoobot.ckpt", weights_only=False)
    assert marker.exists()  # it would have run
    content["hyper_parameters"]["schema"] = Bomb(f"touch {tmp_path / 'boom'}")
    with pytest.raises(ModelError, match="not unpickled"):
        read_encoder(save(tmp_path / "bomb.ckpt", content), TINY)
    assert not (tmp_path / "boom").exists()


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
