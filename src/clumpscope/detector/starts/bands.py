"""The first convolution of a network that sees another number of bands."""

from torch import Tensor


def adapted(weight: Tensor, channels: int, bands: int) -> Tensor:
    """The weights of a first convolution for so many channels, the first of which are bands.

    Each band gets the mean over the given ones, times their number over that of the bands: an
    image that is the same in every band then gives the same response as before,
    Σ_b w̄ · n/N · x = n w̄ x. Channels that are no bands begin with 0: they say nothing at first.
    As many bands as before, and no more channels, keep their weights.

    Parameters
    ----------
    weight
        (out, n, height, width).
    """
    given = weight.shape[1]
    if given == bands == channels:
        return weight
    mean = weight.mean(dim=1, keepdim=True) * (given / bands)
    found = weight.new_zeros((len(weight), channels, *weight.shape[2:]))
    found[:, :bands] = mean
    return found
