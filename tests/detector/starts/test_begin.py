"""The network that training begins with: weights, normalisation, what is frozen."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from clumpscope.config.train import TrainConfig
from clumpscope.detector.starts.begin import begin, encoder_module
from clumpscope.detector.starts.encoder import encoder_layout
from clumpscope.detector.starts.layouts import Layout
from clumpscope.detector.starts.normalisation import HALF, IMAGENET, UNIT, scaling_of
from clumpscope.detector.weights import save_model
from clumpscope.errors import ModelError
from clumpscope.models.encoder import CARD, EncoderCard
from clumpscope.models.spec import Published
from clumpscope.models.starts import Source, Start, find_start
from networks import native_network, native_spec, picture

TINY = "resnet10t"
ZOOBOT = f"hf_hub:mwalmsley/zoobot-encoder-{TINY}"


def random_encoder(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {
        key: torch.rand(one.shape, generator=generator) if one.ndim else torch.tensor(7)
        for key, one in encoder_layout(TINY).items()
    }


@pytest.fixture
def zoobot(cache):
    """Weights under a name of Zoobot's in the cache."""
    path = cache / "weights" / "mwalmsley" / f"zoobot-encoder-{TINY}" / "pytorch_model.bin"
    path.parent.mkdir(parents=True)
    torch.save(random_encoder(), path)
    return path


def test_the_encoder_begins_with_the_weights_and_the_rest_with_random_ones(zoobot):
    spec, network = begin(native_spec(), find_start(ZOOBOT), TrainConfig(), 3)
    given = random_encoder()
    encoder = encoder_module(network).state_dict()
    assert all(torch.equal(one, given[key]) for key, one in encoder.items())
    assert (spec.mean, spec.std) == UNIT
    assert network.transform.image_mean == [0, 0, 0]
    assert spec.weights == f"encoder: {ZOOBOT} (timm or torchvision); the rest random"
    assert spec.weights_sha256 == hashlib.sha256(zoobot.read_bytes()).hexdigest()
    _, plain = begin(native_spec(), None, TrainConfig(), 3)
    for key, one in plain.state_dict().items():
        same = torch.equal(one, network.state_dict()[key])
        assert same == (not key.startswith("backbone.encoder.")), key
    assert all(one.requires_grad for one in network.parameters())


def test_what_shall_not_learn_is_frozen(zoobot):
    _, network = begin(native_spec(), find_start(ZOOBOT), TrainConfig(trainable_blocks=1), 3)
    learned = {name for name, one in network.named_parameters() if one.requires_grad}
    mine = {name for name in learned if name.startswith("backbone.encoder.")}
    assert mine
    assert all(name.startswith("backbone.encoder.layer3") for name in mine)
    assert {"backbone.fpn.layer_blocks.0.0.weight", "rpn.head.conv.0.0.weight"} <= learned


def test_a_recipe_may_choose_the_normalisation(zoobot):
    spec, _ = begin(native_spec(), find_start(ZOOBOT), TrainConfig(normalisation="imagenet"), 3)
    assert (spec.mean, spec.std) == IMAGENET


def test_a_whole_model_stays_as_it_is(tmp_path):
    first = native_network()
    save_model(tmp_path / "m.safetensors", first, native_spec(), half=False)
    start = find_start(str(tmp_path / "m.safetensors"))
    spec, network = begin(native_spec(weights="m"), start, TrainConfig(), 3)
    assert spec == native_spec(weights="m")
    assert network.training
    state = network.state_dict()
    assert all(torch.equal(state[key], one) for key, one in first.state_dict().items())


def test_the_encoder_of_a_model_of_ours_starts_another(tmp_path):
    first = native_network()
    save_model(tmp_path / "m.safetensors", first, native_spec(licence="mine"), half=False)
    start = find_start(f"encoder:{tmp_path / 'm.safetensors'}")
    architecture = native_spec().architecture.model_copy(update={"head": 24})
    spec, network = begin(native_spec(architecture=architecture), start, TrainConfig(), 3)
    assert (spec.mean, spec.std) == (native_spec().mean, native_spec().std)
    assert spec.licence == "mine"
    given = encoder_module(first).state_dict()
    assert all(
        torch.equal(one, given[k]) for k, one in encoder_module(network).state_dict().items()
    )


@pytest.mark.slow
def test_the_published_family_takes_an_encoder_too(tmp_path):
    body = {
        key: 0.02 * torch.randn(one.shape) if one.ndim > 1 else torch.ones(one.shape)
        for key, one in encoder_layout("resnet50").items()
    }
    torch.save(body, tmp_path / "r.pth")
    spec = native_spec(architecture=Published(min_size=64))
    config = TrainConfig(normalisation="imagenet", trainable_blocks=3)
    spec, network = begin(spec, find_start(str(tmp_path / "r.pth")), config, 0)
    state = encoder_module(network).state_dict()
    assert len(state) == 318 - 53
    assert all(torch.equal(one, body[key]) for key, one in state.items())
    body = encoder_module(network).named_parameters()
    learned = {name.split(".")[0] for name, one in body if one.requires_grad}
    assert learned == {"layer2", "layer3", "layer4"}
    losses = network(
        [picture()], [{"boxes": torch.tensor([[9.0, 9, 20, 20]]), "labels": torch.tensor([1])}]
    )
    assert set(losses) == {"loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg"}


@pytest.mark.parametrize(
    ("text", "source", "layout", "scaling"),
    [
        ("torchvision:resnet50", Source.TORCHVISION, Layout.TIMM, IMAGENET),
        ("hf_hub:mwalmsley/zoobot-encoder-convnext_nano", Source.HUB, Layout.TIMM, UNIT),
        ("timm:resnet18.a1_in1k", Source.TIMM, Layout.TIMM, IMAGENET),
        ("timm:tf_efficientnetv2_s.in1k", Source.TIMM, Layout.TIMM, HALF),
        ("hf_hub:timm/tf_efficientnetv2_s.in1k", Source.HUB, Layout.TIMM, HALF),
        ("wheel:efficientnet-lite0", Source.WHEEL, Layout.LITE, HALF),
        ("any.ckpt", Source.FILE, Layout.LIGHTNING, UNIT),
        ("any.pth", Source.FILE, Layout.DETECTOR, IMAGENET),
        ("any.pth", Source.FILE, Layout.LITE, HALF),
    ],
)
def test_normalisation_is_that_of_the_source(text, source, layout, scaling, tmp_path):
    assert scaling_of(Start(text, tmp_path / "any.pth", source), layout, "start") == scaling


def test_a_file_of_ours_says_it_itself(tmp_path):
    card = EncoderCard(encoder=TINY, mean=(0.1, 0.2, 0.3), std=(1, 2, 3))
    path = tmp_path / "e.safetensors"
    save_file(random_encoder(), path, {CARD: card.model_dump_json()})
    start = find_start(str(path))
    assert start.source is Source.FILE
    spec, _ = begin(native_spec(), start, TrainConfig(), 0)
    assert (spec.mean, spec.std) == ((0.1, 0.2, 0.3), (1, 2, 3))


def test_a_listed_name_wants_the_listed_file(cache):
    path = cache / "weights" / "torchvision" / "resnet50-0676ba61.pth"
    path.parent.mkdir(parents=True)
    torch.save(random_encoder(), path)
    with pytest.raises(ModelError, match=r"as torchvision:resnet50: expected sha256 0676ba61"):
        begin(native_spec(), find_start("torchvision:resnet50"), TrainConfig(), 0)


@pytest.mark.parametrize("text", ["any.pth", "hf_hub:someone/encoder"])
def test_nobody_guesses_a_normalisation(text, tmp_path):
    source = Source.HUB if ":" in text else Source.FILE
    start = Start(text, tmp_path / "any.pth", source)
    with pytest.raises(ModelError, match=r"any\.pth: expected train\.normalisation = one of"):
        scaling_of(start, Layout.TIMM, "start")
    assert scaling_of(start, Layout.TIMM, "unit") == UNIT


def test_a_tag_that_timm_does_not_know():
    start = Start("timm:resnet18.nobody", "w.pth", Source.TIMM)
    with pytest.raises(ModelError, match=r"expected a name and tag that timm knows"):
        scaling_of(start, Layout.TIMM, "start")
