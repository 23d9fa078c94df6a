"""Settings of `consensus` and `labels`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clumpscope.config.base import Count, Fraction, NotNegative, Positive, Range, Section


class ConsensusConfig(Section):
    """Volunteers' marks to boxes (Dickinson et al. 2022); docs/consensus.md has the formulas.

    Priors are a mean and its weight in pseudo-counts. The published ones (0.01 with 500, 0.1
    with 10, 0.5 with 10) belong to a clutter of 0: recipes/consensus-published.toml.
    """

    tools: dict[str, Literal["normal", "odd", "bulge", "wrong"]] = Field(default_factory=dict)
    """What each marker tool says, by its label or number; others are left out. Empty: all normal.
    "wrong" strikes out the box, given with the subject, that it hits."""
    tasks: tuple[str, ...] = ()
    """Tasks that hold marks. Empty: all."""
    image_id: str = "galaxy_id"
    """Subject metadata that names an image; without it the subject's number does."""
    coordinates: Literal["natural", "display"] = "natural"
    """Pixels that marks are given in: those of the file, or those of the volunteer's screen."""
    merge_frames: bool = False
    """Whether the frames of a subject show one and the same field."""
    image_size_px: Positive = 400.0
    """Side of images of which no classification says the size, px."""
    box_side_px: Positive = 16.6
    """Side of the box of a point mark, where the subject does not say its own, px."""
    box_side_key: str = "box_side_px"
    """Subject metadata that says the side of that image's boxes."""
    max_marks: Count = 200
    """Most marks of one classification; one with more is a fault and does not count."""
    method: Literal["posterior", "dbscan", "hdbscan"] = "posterior"
    """Dickinson et al. with our terms, or one of two clusterings for comparison."""
    false_positive: Fraction = 0.1
    """Prior mean of the chance that a mark is on nothing."""
    false_positive_weight: Positive = 50.0
    """Weight of the prior of `false_positive`, marks."""
    false_negative: Fraction = 0.4
    """Prior mean of the chance to miss a plain truth."""
    false_negative_weight: Positive = 10.0
    """Weight of the prior of `false_negative`, truths."""
    variance: Positive = 0.5
    """Prior mean of the variance of d², d the distance of a mark's box from the truth's."""
    variance_weight: Annotated[float, Field(gt=2)] = 10.0
    """Weight of the prior of `variance`, marks."""
    confusion: Fraction = 0.1
    """Prior mean of the share of marks made with another tool than the truth's."""
    confusion_weight: Positive = 10.0
    """Weight of the prior of `confusion`, marks of each kind of truth."""
    difficulty_weight: Positive = 10.0
    """Weight of the prior of an image's difficulty, which is about 1, marks."""
    learn_population: bool = True
    """Whether the first three prior means follow the volunteers."""
    visibility: Annotated[tuple[Fraction, ...], Field(min_length=1)] = (1.0, 0.3)
    """Of those who would mark a plain truth, the shares that see one; a truth has one of these."""
    clutter: NotNegative = 3.0
    """ln of the area that false marks lie in over the area that a box reaches."""
    openness: float = -4.0
    """ln of the truths expected in a box's reach (-2.3), less 1.7 for the choice of their place."""
    max_truths: Count = 20
    """Most truths of an image."""
    rounds: Count = 10
    """Most alternations of truths and skills; they end before if their cost hardly falls."""
    calibration: tuple[float, float] = (-0.38, 0.30)
    """Log odds of a truth are a + b × the model's, which takes volunteers for independent.
    Fitted to 3,500 simulated galaxies with 20 volunteers each."""
    inaccurate: Fraction = 0.2
    """A box further off than this, d, is inaccurate."""
    finished_risk: Positive = 1.0
    """Expected false, missed and inaccurate boxes together, up to which an image is finished."""
    finished_each: Positive = 0.3
    """Expected boxes of each of these three faults, up to which an image is finished."""
    min_looks: Count = 10
    """Volunteers below which a finished image is warned of: with fewer, false truths open."""
    cluster_radius: Positive = 0.5
    """dbscan: marks nearer than this are of one cluster, box sides."""
    cluster_votes: Fraction = 0.3
    """dbscan, hdbscan: share of an image's volunteers that makes a cluster a box."""


class LabelsConfig(Section):
    """Choice and division of training boxes (Popp et al. 2024, Table 1 and Appendix C)."""

    redshift: Range = (0.02, 0.25)
    """Limits of the hosts' redshifts, where those are known."""
    field: Fraction = 0.5
    """Side of the searched field about the image's centre, image sides."""
    padding: Annotated[float, Field(ge=0, lt=0.5)] = 0.3
    """Border of the image that no box may touch, image sides."""
    bulge_radius: Fraction = 0.02
    """A box is the bulge if, on both axes, it is this near to the image's centre, image sides."""
    odd_tool: Fraction = 0.5
    """A label is odd above this mean of the volunteers' tools, 0 normal and 1 odd."""
    odd_p_false: Fraction = 0.7
    """A label is odd above this chance to be false."""
    max_p_false: Fraction = 1.0
    """Boxes of a higher chance to be false are left out; 1: none is."""
    groups: Count = 20
    """Number of run-groups; 1: one plain split of everything."""
    smallest_group: Count = 500
    """Galaxies of the first group; the others grow exponentially up to all."""
    shares: tuple[Fraction, Fraction, Fraction] = (0.7, 0.2, 0.1)
    """Shares of training, validation and test galaxies; their sum is 1."""
    image_size_px: Count = 400
    """Side of images whose size no sample tells, px."""

    @model_validator(mode="after")
    def _shares_are_whole(self) -> Self:
        if abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError(f"shares must sum to 1, got {self.shares}")
        return self
