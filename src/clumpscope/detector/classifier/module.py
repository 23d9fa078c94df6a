"""A classifier of clumpy galaxies and its training."""

import torch
from torch import Tensor
from torch.nn import functional

from clumpscope.config.pretraining import PretrainingConfig
from clumpscope.detector.classifier.data import ClumpyDataset
from clumpscope.detector.pretraining.module import Batch, PretrainingModule, Scaled


class ClassifierModule(PretrainingModule):
    """``classifier`` has one output, the logit of being clumpy."""

    best_by = "accuracy"

    def __init__(self, classifier: Scaled, data: ClumpyDataset, config: PretrainingConfig) -> None:
        super().__init__(data, config)
        self.classifier = classifier
        self.right: list[Tensor] = []

    def loss(self, batch: Batch) -> Tensor:
        """Cross entropy."""
        images, clumpy = batch
        logits = self.classifier(images).squeeze(1)
        return functional.binary_cross_entropy_with_logits(logits, clumpy)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect what was right."""
        images, clumpy = batch
        self.right.append((self.classifier(images).squeeze(1) > 0) == (clumpy > 0.5))

    def judged(self) -> dict[str, float]:
        """Accuracy."""
        right, self.right = torch.cat(self.right), []
        return {"accuracy": float(right.float().mean())}
