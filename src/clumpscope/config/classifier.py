"""Settings of the classifier that `train` makes on its own, or before a detector."""

from clumpscope.config.pretraining import PretrainingConfig


class ClassifierConfig(PretrainingConfig):
    """A network that tells clumpy galaxies from others (Popp et al. 2024, Appendix B).

    A galaxy is clumpy if it has a label, of either class. The encoder of the epoch with the best
    accuracy is kept.
    """
