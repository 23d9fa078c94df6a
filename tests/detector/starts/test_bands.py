"""First convolutions for other bands."""

import pytest
import timm
import torch
from torch import nn

from clumpscope.detector.starts.bands import adapted
from clumpscope.detector.starts.encoder import read_encoder
from encoder_files import TINY, save


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
