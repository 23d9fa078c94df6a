"""How unlikely votes are, and how unlike two views."""

import torch
from torch import Tensor

from clumpscope.core.questions import spans

_REDUNDANCY = 0.005  # lambda of Zbontar et al. 2021


def unlikelihood(votes: Tensor, concentrations: Tensor) -> Tensor:
    """(B,) minus ln of the probability of votes, summed over all questions.

    The votes for the answers to a question follow a Dirichlet-multinomial distribution (Walmsley
    et al. 2022, eq. 2); a question without votes adds nothing.

    Parameters
    ----------
    votes, concentrations
        (B, answers) as of `clumpscope.core.questions.ANSWERS`.
    """
    votes, concentrations = votes.float(), concentrations.float()
    parts = [_one(votes[:, answers], concentrations[:, answers]) for _, answers in spans()]
    return torch.stack(parts).sum(dim=0)


def _one(votes: Tensor, concentrations: Tensor) -> Tensor:
    asked, total = votes.sum(1), concentrations.sum(1)
    whole = (asked + 1).lgamma() + total.lgamma() - (asked + total).lgamma()
    each = (votes + concentrations).lgamma() - concentrations.lgamma() - (votes + 1).lgamma()
    return -(whole + each.sum(1))


def disagreement(one: Tensor, other: Tensor) -> Tensor:
    """Barlow Twins' loss (Zbontar et al. 2021) of (B, D) features of two views, over D.

    The correlation of a feature between views shall be 1, of different features 0.
    """
    one, other = (
        (views - views.mean(0)) / (views.var(0, correction=0) + 1e-6).sqrt()
        for views in (one.float(), other.float())
    )
    correlation = one.T @ other / len(one)
    same = torch.diagonal(correlation)
    others = correlation.square().sum() - same.square().sum()
    return ((1 - same).square().sum() + _REDUNDANCY * others) / len(same)
