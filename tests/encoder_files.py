"""Files of encoders' weights as each library saves them, every tensor with a number of its own."""

import timm
import torch

from clumpscope.detector.published import published_spec
from clumpscope.detector.starts.encoder import encoder_layout
from clumpscope.detector.starts.layouts import lite_names
from clumpscope.detector.weights import layout
from networks import thin

TINY = "resnet10t"


def numbered(tensors):
    """Every tensor filled by a number of its own, none of them equal, thin in a file."""
    return {
        key: (torch.tensor(n if "batches" in key else n / 1000)).expand(tensor.shape)
        for n, (key, tensor) in enumerate(tensors.items(), start=1)
    }


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


RESNET = numbered(encoder_layout("resnet50"))
SMALL = numbered(encoder_layout(TINY))
LITE = numbered(encoder_layout("tf_efficientnet_lite0"))
TORCHVISION = RESNET | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}


def lite_file():
    back = {timms: lite for lite, timms in lite_names(LITE).items()}
    named = {back[key]: tensor for key, tensor in LITE.items()}
    return named | {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
