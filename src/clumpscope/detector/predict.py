"""A loaded detector, ready to look at galaxies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from clumpscope.core.boxes import Boxes
from clumpscope.detector.centres import CentreNet
from clumpscope.detector.network import Network
from clumpscope.detector.precision import PRECISIONS, InPrecision
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.spec import DetectorSpec, Published
from clumpscope.models.view import View

# Of a batch in the network: what keeps a GPU busy; more only needs more memory of a processor.
_MOST_PIXELS = {"cuda": 16 * 800**2, "cpu": 2 * 208**2}


def single_thread() -> None:
    """Keep torch to one core: processes are the parallelism, results the same for any number."""
    torch.set_num_threads(1)


class Detector:
    """A network in evaluation mode on the best device, with its spec.

    Batch-norms of our encoders are folded into their convolutions, and tensors lie channels
    last: with oneDNN on a CPU that is more than twice as fast. Each image is searched in so many
    ``orientations``, convolutions are computed in a ``precision`` of `PRECISIONS`.

    Raises
    ------
    ModelError
        If there are several, and the model does not find centres.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        network: Network,
        score_floor: float,
        orientations: int = 1,
        precision: str = "float32",
    ) -> None:
        self.spec = spec
        dtype = PRECISIONS[precision]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = network.eval()
        if isinstance(network, CentreNet):
            network.encoder = _fused(network.encoder)
            network.score_floor, network.orientations = score_floor, orientations
            network.precision = dtype
            outputs = [network.head]
        else:
            if orientations > 1:
                what = f"[detect] orientations of model {spec.name}, which finds boxes"
                raise ModelError(expected_got(what, 1, orientations))
            if not isinstance(spec.architecture, Published):
                network.backbone.encoder = _fused(network.backbone.encoder)
            if dtype != torch.float32:
                network.backbone = InPrecision(network.backbone, dtype)
            network.roi_heads.score_thresh = score_floor
            outputs = [network.rpn.head, network.roi_heads.box_predictor]
        for module in outputs:
            module.register_forward_hook(self._check_output)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)

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
    def load(
        cls, path: Path, score_floor: float, orientations: int = 1, precision: str = "float32"
    ) -> "Detector":
        """Load a model file; boxes under ``score_floor`` are not returned.

        Raises
        ------
        ModelError
            If the file cannot be used, or not in several orientations.
        """
        return cls(*load_model(path), score_floor, orientations, precision)

    def detect(self, views: Sequence[View]) -> list[Boxes]:
        """Boxes of each view, in its pixels (edge convention), best score first.

        Raises
        ------
        ModelError
            If a view was made by another recipe than the model expects.
        """
        for seen in views:
            if seen.config != self.spec.view:
                what = f"what is seen of {seen.galaxy_id}"
                raise ModelError(expected_got(what, self.spec.view, seen.config))
        images = [torch.from_numpy(seen.pixels).to(self.device) for seen in views]
        found: list[Boxes] = [Boxes.empty()] * len(images)
        with torch.inference_mode():
            for part in self._parts(images):
                for k, one in zip(part, self.network([images[k] for k in part]), strict=True):
                    names = ("boxes", "labels", "scores", "probabilities")
                    found[k] = Boxes.of(*(one[name].cpu().numpy() for name in names))
        return found

    def _parts(self, images: Sequence[Tensor]) -> Iterator[list[int]]:
        """Images that pass the network together: of one padded size, no more than memory allows.

        So a galaxy's boxes do not depend on those beside it.
        """
        architecture = self.spec.architecture
        sizes: dict[tuple[int, int], list[int]] = {}
        for k, image in enumerate(images):
            rows, cols = map(int, image.shape[-2:])
            if isinstance(architecture, Published):
                rows = cols = architecture.min_size
            else:
                unit = architecture.pad_to
                rows, cols = -(-rows // unit) * unit, -(-cols // unit) * unit
            sizes.setdefault((rows, cols), []).append(k)
        for (rows, cols), members in sizes.items():
            many = max(1, _MOST_PIXELS[self.device.type] // (rows * cols))
            for start in range(0, len(members), many):
                yield members[start : start + many]


def _fused(encoder: nn.Module) -> nn.Module:
    try:
        fused: nn.Module = fuse(encoder)
    except Exception:  # torch.fx cannot follow some encoders, each in its own way
        return encoder
    return fused
