"""What others saved: no code in it runs."""

import os

import pytest
import torch

from clumpscope.detector.starts.encoder import read_encoder
from clumpscope.detector.starts.layouts import Layout
from clumpscope.errors import ModelError
from encoder_files import SMALL, TINY, lightning, save


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
