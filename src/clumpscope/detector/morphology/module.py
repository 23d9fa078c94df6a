"""A network that predicts votes, and its training."""

import torch
from torch import Tensor, nn

from clumpscope.config.morphology import MorphologyConfig
from clumpscope.core.questions import ANSWERS, spans
from clumpscope.detector.morphology.data import MorphologyDataset
from clumpscope.detector.morphology.losses import disagreement, unlikelihood
from clumpscope.detector.pretraining.module import Batch, PretrainingModule, Scaled

_PROJECTED = 128  # features whose correlations are compared
_FIRST_BIAS = -2.5  # concentrations of about 9: unsure at first
_FEWEST = 5  # votes of a question that its correlation needs


class MorphologyModule(PretrainingModule):
    """``encoder`` gives (B, features) pooled ones."""

    best_by = "likelihood"

    def __init__(
        self, encoder: Scaled, features: int, data: MorphologyDataset, config: MorphologyConfig
    ) -> None:
        super().__init__(data, config)
        self.encoder = encoder
        self.agreement = config.agreement
        self.head = nn.Linear(features, len(ANSWERS))
        nn.init.constant_(self.head.bias, _FIRST_BIAS)
        self.projector = nn.Sequential(
            nn.Linear(features, _PROJECTED),
            nn.BatchNorm1d(_PROJECTED),
            nn.ReLU(),
            nn.Linear(_PROJECTED, _PROJECTED),
        )
        self.held_out: list[Batch] = []

    def concentrations(self, features: Tensor) -> Tensor:
        """(B, answers) of the Dirichlet distributions, 1 to 101 as in Zoobot."""
        answers: Tensor = self.head(features)
        return 1 + 100 * answers.sigmoid()

    def loss(self, batch: Batch) -> Tensor:
        """Minus ln likelihood a galaxy with votes, and what two views of each disagree by."""
        views, votes = batch
        features = self.encoder(views.transpose(0, 1).flatten(0, 1))  # view by view
        asked = (votes.sum(1) > 0).repeat(views.shape[1])
        unlikely = unlikelihood(votes.repeat(views.shape[1], 1), self.concentrations(features))
        loss = unlikely.sum() / asked.sum().clamp(min=1)
        if views.shape[1] == 1:
            return loss
        return loss + self.agreement * disagreement(*self.projector(features).chunk(2))

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect votes and what is predicted."""
        views, votes = batch
        self.held_out.append((votes, self.concentrations(self.encoder(views[:, 0]))))

    def judged(self) -> dict[str, float]:
        """Likelihood a galaxy (ln), and how predicted shares of votes correlate with true ones."""
        votes, predicted = (torch.cat(parts) for parts in zip(*self.held_out, strict=True))
        self.held_out = []
        found = {"likelihood": -float(unlikelihood(votes, predicted).mean())}
        for question, answers in spans():
            asked = votes[:, answers].sum(1) >= _FEWEST
            if asked.sum() > 1:
                given, told = (shares(all_[asked, answers]) for all_ in (votes, predicted))
                found[question.name] = correlation(given, told)
        return found


def shares(numbers: Tensor) -> Tensor:
    """(B, answers) numbers over their sums."""
    return numbers.double() / numbers.double().sum(1, keepdim=True)


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's of (B, answers) shares about the mean of each answer; 0 if one does not vary."""
    one, other = one - one.mean(0), other - other.mean(0)
    scale = one.norm() * other.norm()
    return float((one * other).sum() / scale) if scale > 0 else 0.0
