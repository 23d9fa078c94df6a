"""Settings of `experiment`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from clumpscope.config.base import Count, Fraction, Section

Groups = Annotated[tuple[Count, ...], Field(min_length=1)]
Place = Annotated[str | None, Field(examples=["/path/to/it"])]


class ExperimentConfig(Section):
    """Models × run-groups, as Popp et al. 2024 have them.

    A relative path is meant from the recipe's own folder; options of the command come before it.
    """

    sample: Place = None
    """Sample whose galaxies are learned from. Not set: `galaxies` are simulated by `[simulate]`."""
    galaxies: Annotated[Count | None, Field(examples=[300])] = None
    """How many are simulated, if no sample is given. Not set: one must be."""
    labels: Place = None
    """Labels before any cut: a file or folder, or the authors' table. Not set: the sample's own."""
    hsc: Place = None
    """Sample of the same galaxies, by their ids, in deeper images: Figures 19 and 27 to 29."""
    hsc_models: tuple[str, ...] = ()
    """Models that are run on those images; Figure 19 has the last one. Empty: first and last."""
    simulated: Place = None
    """Sample with truth for Figures 22 and 23. Not set: the test galaxies, if they have truth."""
    models: dict[str, str] = Field(default_factory=dict)
    """Recipe of each model, by the model's name, in the order of the tables."""
    epochs: Annotated[Count | None, Field(examples=[2])] = None
    """Epochs of every model. Not set: those of its recipe."""
    groups: Groups = (20,)
    """Run-groups that are trained on, of those that `[labels]` makes; the last one counts for
    all that the paper shows of run 20."""
    loss_groups: Groups = (2, 10, 20)
    """Run-groups whose losses are drawn."""
    compared_groups: Groups = (15, 20)
    """Run-groups whose completeness and purity are drawn against the flux ratio."""
    lowest_score: Fraction = 0.1
    """Threshold of the runs on test galaxies; curves begin with it."""
    score_threshold: Fraction = 0.3
    """Threshold of everything that is of one threshold."""
    examples: Count = 1
    """Galaxies that are drawn large."""

    @property
    def deep_models(self) -> tuple[str, ...]:
        """Models that are run on deeper images: `hsc_models`, or the first and the last of all."""
        return self.hsc_models or tuple(dict.fromkeys([*self.models][:1] + [*self.models][-1:]))

    @model_validator(mode="after")
    def _models_are_known(self) -> Self:
        for name in self.hsc_models:
            if name not in self.models:
                raise ValueError(f"hsc_models must be of {list(self.models)}, got {name!r}")
        return self

    @model_validator(mode="after")
    def _thresholds_rise(self) -> Self:
        if self.lowest_score > self.score_threshold:
            raise ValueError(
                f"lowest_score must be at most score_threshold, got {self.lowest_score} > "
                f"{self.score_threshold}"
            )
        return self
