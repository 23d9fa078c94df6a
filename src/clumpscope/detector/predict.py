"""A loaded detector, ready to look at composites."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torchvision.models.detection import FasterRCNN

from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.spec import DetectorSpec, Native, Published

_MOST_PIXELS = 16 * 800**2  # of a batch in the network: the published models' own


def single_thread() -> None:
    """Keep torch to one core: processes are the parallelism, results the same for any number."""
    torch.set_num_threads(1)


class Detector:
    """A network in evaluation mode on the best device, with its spec.

    A native encoder's batch-norms are folded into its convolutions, and tensors lie channels
    last: with oneDNN on a CPU that is more than twice as fast.
    """

    def __init__(self, spec: DetectorSpec, network: FasterRCNN, score_floor: float) -> None:
        self.spec = spec
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = network.eval()
        if isinstance(spec.architecture, Native):
            network.backbone.encoder = _fused(network.backbone.encoder)
        network.roi_heads.score_thresh = score_floor
        for module in (network.rpn.head, network.roi_heads.box_predictor):
            module.register_forward_hook(self._check_output)
        self.network = network.to(self.device, memory_format=torch.channels_last)

    def _check_output(self, _module: nn.Module, _inputs: object, output: object) -> None:
        """Refuse NaN and infinity: torchvision drops such boxes without a word."""
        parts = output if isinstance(output, list | tuple) else (output,)
        for part in parts:
            if isinstance(part, Tensor):
                if not part.isfinite().all():
                    what = f"output of model {self.spec.name}"
                    raise ModelError(expected_got(what, "finite numbers", "NaN or infinity"))
            else:
                self._check_output(_module, _inputs, part)

    @classmethod
    def load(cls, path: Path, score_floor: float) -> "Detector":
        """Load a model file; boxes under ``score_floor`` are not returned.

        Raises
        ------
        ModelError
            If the file cannot be used.
        """
        return cls(*load_model(path), score_floor)

    def detect(self, composites: Sequence[Composite]) -> list[Boxes]:
        """Boxes of each composite, in its pixels (edge convention), best score first.

        Raises
        ------
        ModelError
            If a composite was made by another recipe than the model expects.
        """
        for image in composites:
            if image.config != self.spec.composite:
                raise ModelError(
                    expected_got(
                        f"composite of {image.galaxy_id}", self.spec.composite, image.config
                    )
                )
        images = [torch.from_numpy(image.pixels).to(self.device) for image in composites]
        with torch.inference_mode():
            found = [one for part in self._parts(images) for one in self.network(part)]
        return [
            Boxes.of(
                one["boxes"].cpu().numpy(),
                one["labels"].cpu().numpy(),
                one["scores"].cpu().numpy(),
                one["probabilities"].cpu().numpy(),
            )
            for one in found
        ]

    def _parts(self, images: list[Tensor]) -> Iterator[list[Tensor]]:
        """Images that pass the network together: no more than memory allows."""
        architecture = self.spec.architecture
        if isinstance(architecture, Published):
            side = architecture.min_size
        else:
            side = self.spec.composite.crop
        many = max(1, _MOST_PIXELS // side**2)
        for start in range(0, len(images), many):
            yield images[start : start + many]


def _fused(encoder: nn.Module) -> nn.Module:
    try:
        fused: nn.Module = fuse(encoder)
    except Exception:  # torch.fx cannot follow some encoders, each in its own way
        return encoder
    return fused
