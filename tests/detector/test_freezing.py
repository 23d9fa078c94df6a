"""Frozen parts change by no bit; the others do."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models._utils import IntermediateLayerGetter

from clumpscope.detector.freezing import block_ends, blocks, freeze


def step(encoder: nn.Module) -> dict[str, bool]:
    """Which tensors one step of training changes."""
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):  # timm's last ones of a block begin with 0
            nn.init.ones_(module.weight)
    before = {key: one.clone() for key, one in encoder.state_dict().items()}
    encoder.train()
    learned = [one for one in encoder.parameters() if one.requires_grad]
    maps = encoder(torch.rand(2, 3, 64, 64))
    loss = sum((one**2).mean() for one in (maps.values() if isinstance(maps, dict) else maps))
    if learned:
        optimizer = torch.optim.Adam(learned, 1e-2)
        loss.backward()
        optimizer.step()
    return {key: not torch.equal(before[key], one) for key, one in encoder.state_dict().items()}


@pytest.mark.parametrize(
    ("learning", "changed"),
    [
        (0, ()),
        (1, ("layer3",)),
        (2, ("layer2", "layer3")),
        (9, ("conv1", "layer1", "layer2", "layer3")),
    ],
)
def test_only_the_last_blocks_learn(learning, changed):
    encoder = timm.create_model("resnet10t", features_only=True, out_indices=(1, 2, 3))
    freeze(encoder, learning)
    for key, did in step(encoder).items():
        convolution = ".conv" in f".{key}" or "downsample.1" in key
        norm = any(part in key for part in ("bn", "running", "batches", "downsample.2"))
        # conv1 of the stem holds batch-norms too: its second and fifth module.
        norm |= key.startswith(("conv1.1.", "conv1.4."))
        assert did == (key.startswith(changed or "none") and convolution and not norm), key


def test_without_freezing_batch_norms_change():
    encoder = timm.create_model("resnet10t", features_only=True)
    assert all(step(encoder).values())


@pytest.mark.parametrize(
    ("encoder", "sizes"),
    [
        # Parameters by block: the stem, then stages; worked out from the networks' plans.
        ("resnet50", [9536, 215808, 1219584, 7098368, 14964736]),
        ("convnext_nano", [115760, 479680, 6907520, 7448320]),
        ("tf_efficientnet_lite0", [1824, 13968, 39712, 645264, 2258080]),
    ],
)
def test_blocks(encoder, sizes):
    with torch.device("meta"):
        network = timm.create_model(encoder, features_only=True)
        found = blocks(network, block_ends(network))
    assert [sum(one.numel() for one in part) for part in found] == sizes
    assert sum(sizes) == sum(one.numel() for one in network.parameters())


def test_what_lies_beyond_the_last_level_used_never_learns():
    with torch.device("meta"):
        network = timm.create_model("efficientnet_b0", features_only=True, out_indices=(1, 2))
        freeze(network, 9)
    learned = {name.split(".")[1] for name, p in network.named_parameters() if p.requires_grad}
    assert {"0", "1", "2"} <= learned
    assert not learned & {"3", "4", "5", "6"}


def test_torchvisions_blocks_are_its_layers():
    with torch.device("meta"):
        body = IntermediateLayerGetter(resnet50(), {f"layer{k}": str(k) for k in range(1, 5)})
    freeze(body, 3)
    learned = {n.split(".")[0] for n, p in body.named_parameters() if p.requires_grad}
    assert learned == {"layer2", "layer3", "layer4"}
