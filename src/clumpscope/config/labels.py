"""Settings of `consensus` and `labels`."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from clumpscope.config.base import Fraction, Positive, Range, Section


class ConsensusConfig(Section):
    """Volunteers' marks to boxes (Dickinson et al. 2022); docs/consensus.md has the formulas."""

    # What each marker tool says, by its label or number; others are left out. Empty: all normal.
    # "wrong" strikes out the box, given with the subject, that it hits.
    tools: dict[str, Literal["normal", "odd", "bulge", "wrong"]] = Field(default_factory=dict)
    tasks: tuple[str, ...] = ()  # tasks that hold marks; empty: all
    image_id: str = "galaxy_id"  # subject metadata that names an image; else the subject's number
    coordinates: Literal["natural", "display"] = "natural"
    merge_frames: bool = False  # the frames of a subject show one and the same field
    image_size_px: Positive = 400.0  # side of images of which no classification says the size
    box_side_px: Positive = 16.6  # of point marks, where the subject does not say its own
    box_side_key: str = "box_side_px"  # subject metadata with the side of that image's boxes
    max_marks: Annotated[int, Field(ge=1)] = 200  # of one classification; more is a fault
    method: Literal["posterior", "dbscan", "hdbscan"] = "posterior"
    # Prior means and their weights in pseudo-counts. The published 0.01 (500), 0.1 (10), 0.5 (10)
    # stand for a clutter of 0; recipes/consensus-published.toml has them.
    false_positive: Fraction = 0.1
    false_positive_weight: Positive = 50.0
    false_negative: Fraction = 0.4
    false_negative_weight: Positive = 10.0
    variance: Positive = 0.5
    variance_weight: Annotated[float, Field(gt=2)] = 10.0
    confusion: Fraction = 0.1  # share of marks with another tool than the truth's
    confusion_weight: Positive = 10.0
    difficulty_weight: Positive = 10.0  # of an image's share in the variance, about 1
    learn_population: bool = True  # the prior means follow the volunteers
    # Share of those who would mark a plain truth that sees it; a truth has one of these.
    visibility: Annotated[tuple[Fraction, ...], Field(min_length=1)] = (1.0, 0.3)
    clutter: Annotated[float, Field(ge=0)] = 3.0  # ln of area of false marks over a box's reach
    # ln of the truths expected in a box's reach (-2.3), less for the choice of their place.
    openness: float = -4.0
    max_truths: Annotated[int, Field(ge=1)] = 20  # an image
    rounds: Annotated[int, Field(ge=1)] = 10
    tolerance: Annotated[float, Field(ge=0)] = 1e-3  # relative fall of the cost that ends it
    # Log odds of a truth = a + b × the model's, which takes volunteers for independent: they err
    # together. Fitted to 3,500 simulated galaxies with 20 volunteers each.
    calibration: tuple[float, float] = (-0.38, 0.30)
    inaccurate: Fraction = 0.2  # a box further off than this distance is inaccurate
    finished_risk: Positive = 1.0
    finished_each: Positive = 0.3
    cluster_radius: Positive = 0.5  # of the baselines, in box sides
    cluster_votes: Fraction = 0.3  # share of an image's volunteers


class LabelsConfig(Section):
    """Choice and division of training boxes (Popp et al. 2024, Table 1 and Appendix C)."""

    redshift: Range = (0.02, 0.25)  # of hosts with a known redshift
    field: Fraction = 0.5  # of the image's side, about its centre, that is searched
    padding: Annotated[float, Field(ge=0, lt=0.5)] = 0.3  # of the side, kept free on each side
    bulge_radius: Fraction = 0.02  # of the side, on both axes
    odd_tool: Fraction = 0.5  # odd above this mean of the volunteers' tools
    odd_p_false: Fraction = 0.7  # odd above this chance of a false box
    max_p_false: Fraction = 1.0  # boxes above are left out; 1: none
    groups: Annotated[int, Field(ge=1)] = 20  # 1: one plain split of everything
    smallest_group: Annotated[int, Field(ge=1)] = 500  # galaxies; others grow exponentially
    shares: tuple[Fraction, Fraction, Fraction] = (0.7, 0.2, 0.1)  # train, validation, test
    image_size_px: Annotated[int, Field(ge=1)] = 400  # side of images whose size is not known

    @model_validator(mode="after")
    def _shares_are_whole(self) -> Self:
        if abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError(f"shares must sum to 1, got {self.shares}")
        return self
