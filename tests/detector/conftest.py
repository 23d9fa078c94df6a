import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torchvision.models.detection import FasterRCNN

from clumpscope.detector.predict import single_thread
from networks import save_checkpoint, torchvision_network


class Checkpoint(NamedTuple):
    path: Path
    network: FasterRCNN


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    single_thread()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A file of the published layout and size (165 MB), and torchvision's network of it."""
    folder = tmp_path_factory.mktemp("checkpoint")
    network = torchvision_network()
    yield Checkpoint(save_checkpoint(folder / "trained.pth", network), network)
    shutil.rmtree(folder)  # pytest would keep three of them
