"""Recipes: frozen, validated models of every setting, read from TOML.

A recipe file holds any of the sections below; what it leaves out keeps its default, and an
unknown key is an error. The defaults are the published method (Popp et al. 2024).
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from clumpscope.errors import RecipeError

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    if low > high:
        raise ValueError("must be low <= high")
    return limits


def _odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("must be odd")
    return number


def _letters(bands: tuple[str, ...]) -> tuple[str, ...]:
    if not all(len(band) == 1 and band.isalpha() for band in bands):
        raise ValueError("must be single letters")
    if len(set(bands)) < len(bands):
        raise ValueError("must name each band once")
    return bands


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
Letters = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_letters)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]


class Section(BaseModel):
    """Base of every recipe section: frozen, unknown keys, infinity and NaN refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False
    )


class CompositeConfig(Section):
    """Colour composite (Popp et al. 2024, Appendix A.1): Lupton et al. 2004 on nanomaggies."""

    bands: tuple[str, str, str] = ("i", "r", "g")
    scales: tuple[Positive, Positive, Positive] = (0.7, 1.17, 1.818)
    minimum: float = 0.0
    stretch: Positive = 0.2
    softening: Positive = 7.0  # Lupton's Q
    size: Annotated[int, Field(ge=16)] = 400  # px of the enlarged field's longer side
    crop: Annotated[int, Field(ge=16)] = 200  # px of the central crop that is searched

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop > self.size:
            raise ValueError(f"crop must be at most size, got {self.crop} > {self.size}")
        return self


class FetchConfig(Section):
    """Cutouts from survey frames."""

    field_r90: Positive = 6.0  # side of the cutout in r-band Petrosian R90
    min_size_arcsec: Positive = 20.0
    max_size_arcsec: Positive = 400.0


class DetectConfig(Section):
    """Search for clumps."""

    score_floor: Fraction = 0.05  # boxes below are not kept
    batch_size: Annotated[int, Field(ge=1)] = 16
    default_pixscale_arcsec: Positive = 0.396  # of pictures that do not say theirs
    default_psf_fwhm_arcsec: Positive = 1.3  # likewise; the median of SDSS in r


class RefineConfig(Section):
    """From boxes to clump positions (Popp et al. 2024, section 4.3; order as in the text)."""

    nms_iou: Fraction = 0.2
    score_threshold: Fraction | None = None  # None: the model's own, else 0.3
    nucleus_radius: Fraction = 0.02  # of the field's side, on both axes
    keep_nucleus: bool = False
    merge_radius_fwhm: Positive = 1.0
    outline_sigma: Positive = 0.5  # per pixel, of the unsmoothed image's rms
    outline_kernel_px: Annotated[int, Field(ge=3), AfterValidator(_odd)] = 5
    outline_min_pixels: Annotated[int, Field(ge=1)] = 10
    outline_grow_fwhm: Annotated[float, Field(ge=0)] = 1.0
    recentre_fwhm: Annotated[float, Field(ge=0)] = 0.35  # to a peak no farther than this; 0: never


class MeasureConfig(Section):
    """Photometry (Popp et al. 2024, Appendix E, is the published one). Radii in PSF-FWHM."""

    bands: Letters = ("u", "g", "r", "i", "z")
    background: Literal["isophotes", "annulus"] = "isophotes"  # of clumps inside a host
    aperture_fwhm: Positive = 1.125
    annulus_fwhm: tuple[float, float] = (1.5, 2.5)
    blend_fwhm: Annotated[float, Field(ge=0)] = 2.25  # nearer clumps are fitted together

    @model_validator(mode="after")
    def _annulus_grows(self) -> Self:
        inner, outer = self.annulus_fwhm
        if not 0 < inner < outer:
            raise ValueError(f"annulus_fwhm must be 0 < inner < outer, got {inner}, {outer}")
        return self


class CatalogueConfig(Section):
    """Released catalogue."""

    dust_map: str | None = None  # folder of the SFD98 maps; None: ebv of the host table
    low_snr: Positive = 3.0  # u-band signal-to-noise under which a clump is flagged
    formats: tuple[Literal["fits", "votable", "ecsv", "regions"], ...] = (
        "fits",
        "votable",
        "ecsv",
        "regions",
    )  # beside Parquet
    coarse_kpc: Positive = 2.0  # PSF-FWHM at the host's redshift above which a clump is flagged


Five = Annotated[tuple[Positive, ...], Field(min_length=5, max_length=5)]  # u, g, r, i, z


class HostsConfig(Section):
    """Simulated hosts: a flux-limited sample whose masses, colours and sizes hang together."""

    r_mag: Range = (13.5, 17.3)
    redshift: PositiveRange = (0.02, 0.25)
    r90_arcsec: PositiveRange = (8.4, 32.0)  # smaller and larger galaxies are not selected
    smooth_share: Fraction = 0.12  # without arms or texture: lenticulars and ellipticals
    merger_share: Fraction = 0.06  # with a close companion and tidal arms
    dust: Annotated[float, Field(ge=0)] = 1.0  # over the usual optical depth


class ClumpsConfig(Section):
    """Simulated clumps: a luminosity function in the ratio of u fluxes, clump over host."""

    clumpless_share: Fraction = 0.57  # of late types; they hold faint knots only
    mean: Annotated[float, Field(gt=0)] = 9.0  # clumps in the range below, in the other ones
    flux_ratio_u: Range = (0.003, 0.30)
    slope: Annotated[float, Field(ge=0)] = 0.5  # dN / d ln f falls as f^-slope ...
    cutoff: Positive = 0.04  # ... and exponentially beyond this ratio
    bluer: float = 0.0  # mag taken off all colours of clumps
    resolved_share: Fraction = 0.3
    reach_r90: Positive = 1.2  # few are born beyond
    inward: Annotated[float, Field(ge=0)] = 0.7  # injected ones follow the host's light ^ this

    @model_validator(mode="after")
    def _ratios_are_shares(self) -> Self:
        low, high = self.flux_ratio_u
        if not 0 < low < high <= 1:
            raise ValueError(f"flux_ratio_u must be 0 < low < high <= 1, got {low}, {high}")
        return self


class VolunteersConfig(Section):
    """Simulated volunteers, chosen so that their consensus looks like the real labels."""

    images_each: Positive = 60.0  # classifications of a volunteer in the mean
    activity: Positive = 1.3  # scatter of ln activity: a few do most
    detection: PositiveRange = (0.45, 0.95)  # chance to mark a clear clump, careful volunteers
    scatter_fwhm: Positive = 0.28  # median scatter of a mark on each axis, PSF-FWHM
    scatter_spread: Annotated[float, Field(ge=0)] = 0.4  # of its logarithm among volunteers
    false_marks: Annotated[float, Field(ge=0)] = 0.3  # random marks a galaxy in the mean
    confusion: Fraction = 0.12  # median chance to take the wrong tool
    patience: Positive = 3.0  # most marks on a galaxy beside the bulge, median volunteer
    lazy: Fraction = 0.15  # share of volunteers who mark the one or two plainest things
    careless: Fraction = 0.1  # share who mark wildly
    clear_snr: Positive = 30.0  # g-band signal-to-noise at which half of the eye's work is done
    clear_contrast: Positive = 0.45  # the same of peak over the light beneath
    lure: Fraction = 0.1  # chance to fall for the plainest knot of an arm
    odd_interest: Fraction = 0.55  # of what is clearly odd, the share that is marked at all
    bulge: Fraction = 0.8  # chance to mark the centre with the bulge tool, times detection
    bulge_as_clump: Fraction = 0.03  # chance to mark it as a clump
    not_logged_in: Fraction = 0.15  # share of volunteers


class ConsensusConfig(Section):
    """Volunteers' marks to boxes (Dickinson et al. 2022); docs/consensus.md has the formulas."""

    # What each marker tool says, by its label or number; others are left out. Empty: all normal.
    # "wrong" strikes out the box, given with the subject, that it hits.
    tools: dict[str, Literal["normal", "odd", "bulge", "wrong"]] = {}
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


class InterlopersConfig(Section):
    """Simulated foreground and background."""

    star_density: Annotated[float, Field(ge=0)] = 2200.0  # a square degree, r < 21
    star_scatter: Annotated[float, Field(ge=0)] = 0.6  # of ln density, with Galactic latitude
    galaxy_density: Annotated[float, Field(ge=0)] = 2200.0  # a square degree, r < 21
    odd_knots: Annotated[float, Field(ge=0)] = 0.10  # red, bulge-like knots on the host, mean


class ArtefactsConfig(Section):
    """Shares of simulated cutouts with an image defect."""

    trail: Fraction = 0.01  # of a satellite, in one band
    cosmic_ray: Fraction = 0.02  # in one band
    shift: Fraction = 0.04  # one band displaced by up to a pixel
    saturation: bool = True  # bright stars lose their core, bleed and have spikes


class ObserveConfig(Section):
    """How a survey sees: PSF, pixels, sky, detector. The defaults are single-epoch SDSS."""

    pixscale_arcsec: Positive = 0.396
    psf_fwhm_r_arcsec: PositiveRange = (0.9, 2.0)  # adaptive-moment FWHM, limits ...
    psf_fwhm_median_arcsec: Positive = 1.3  # ... median ...
    psf_fwhm_scatter: Annotated[float, Field(ge=0)] = 0.12  # ... and scatter of its logarithm
    psf_ratio: Five = (1.14, 1.07, 1.0, 0.95, 0.97)  # FWHM over that in r
    psf_wing: Range = (0.14, 0.26)  # share of the light in a Gaussian 2.2 times wider
    psf_ellipticity: Annotated[float, Field(ge=0, lt=0.5)] = 0.04
    # Medians of the three frames in ../shared/data, as are the scatters of sky.
    sky_mag: Five = (22.35, 22.1, 20.95, 20.1, 18.8)  # a square arcsec
    sky_scatter_mag: Annotated[float, Field(ge=0)] = 0.18
    nmgy_per_count: Five = (0.0098, 0.00386, 0.0051, 0.0067, 0.0330)
    gain: Five = (1.59, 3.85, 4.72, 4.86, 4.88)  # electrons a count
    dark_variance: Five = (9.3, 1.32, 1.32, 5.3, 1.0)  # counts squared
    saturation_nmgy: Five = (180.0, 75.0, 90.0, 130.0, 500.0)  # of a pixel
    noise_factor: PositiveRange = (1.0, 1.0)  # over the above; log-uniform
    sky_residual: Annotated[float, Field(ge=0)] = 0.06  # of the pixel noise
    field_r90: Positive = 6.0
    min_size_arcsec: Positive = 20.0


class SimulatedLabelsConfig(Section):
    """Which sources get a training box: those that volunteers could agree on.

    Half of them see a source at these values, and ever more beyond. The defaults make labels
    that are distributed as those of Galaxy Zoo: Clump Scout (KS distances in the docs).
    """

    snr: Positive = 7.0  # in g, odd ones in r
    contrast: Positive = 0.14  # of the source's peak with what lies under it
    odd_reach_r90: Positive = 0.98  # from the centre; those further out are none of the host's
    rival: Annotated[float, Field(ge=0)] = 0.42  # of the most prominent clump's signal-to-noise
    odd: Fraction = 0.42  # share of odd sources in plain sight that is marked


class SimulateConfig(Section):
    """A simulated survey: hosts, clumps, interlopers, artefacts, how they are observed, labels."""

    hosts: HostsConfig = HostsConfig()
    clumps: ClumpsConfig = ClumpsConfig()
    interlopers: InterlopersConfig = InterlopersConfig()
    artefacts: ArtefactsConfig = ArtefactsConfig()
    observe: ObserveConfig = ObserveConfig()
    labels: SimulatedLabelsConfig = SimulatedLabelsConfig()


class DetectorConfig(Section):
    """Architecture of a native detector: a timm encoder, an FPN and Faster R-CNN heads."""

    encoder: str = "resnet18"
    # Encoder levels used, by their reduction.
    strides: Annotated[tuple[int, ...], Field(min_length=1)] = (4, 8, 16)
    channels: Annotated[int, Field(ge=8)] = 96  # of the FPN
    head: Annotated[int, Field(ge=8)] = 128  # of the box head
    # Composite px, one a level.
    anchors: Annotated[tuple[Positive, ...], Field(min_length=1)] = (8.0, 16.0, 32.0)
    proposals: Annotated[int, Field(ge=1)] = 64  # kept after the RPN, at test time
    pad_to: Annotated[int, Field(ge=1)] = 16  # inputs are padded to a multiple of this

    @model_validator(mode="after")
    def _one_anchor_a_level(self) -> Self:
        if len(self.anchors) != len(self.strides):
            raise ValueError(
                f"anchors needs one size a stride ({len(self.strides)}), got {len(self.anchors)}"
            )
        return self


class AugmentConfig(Section):
    """Random changes of a training composite; widths are those of a normal distribution."""

    flips: bool = True  # horizontal, vertical and transpose, each with p = 0.5
    gain: Annotated[float, Field(ge=0)] = 0.0  # of ln brightness, all channels together
    colour: Annotated[float, Field(ge=0)] = 0.0  # of ln brightness, each channel
    gamma: Annotated[float, Field(ge=0)] = 0.0  # of ln exponent
    smooth: Fraction = 0.0  # share of images smoothed by up to 2 px, as resampled ones are
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0  # enlarged or shrunk by up to this much


class TrainConfig(Section):
    """Training of a native detector: AdamW with a one-cycle learning rate."""

    epochs: Annotated[int, Field(ge=1)] = 6
    batch_size: Annotated[int, Field(ge=1)] = 16
    max_learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.05
    soft_labels: bool = False  # a label takes part in an epoch with its own probability
    start: str | None = None  # a model's name or file to go on from; None: random weights
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    workers: Annotated[int, Field(ge=0)] = 0
    augment: AugmentConfig = AugmentConfig()


class Recipe(Section):
    """All sections; each stage reads the one of its own name."""

    seed: Annotated[int, Field(ge=0)] = 0
    composite: CompositeConfig = CompositeConfig()
    fetch: FetchConfig = FetchConfig()
    detect: DetectConfig = DetectConfig()
    refine: RefineConfig = RefineConfig()
    measure: MeasureConfig = MeasureConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    simulate: SimulateConfig = SimulateConfig()
    volunteers: VolunteersConfig = VolunteersConfig()
    consensus: ConsensusConfig = ConsensusConfig()
    labels: LabelsConfig = LabelsConfig()
    detector: DetectorConfig = DetectorConfig()
    train: TrainConfig = TrainConfig()


def load_recipe(path: Path | None) -> Recipe:
    """Read a recipe; ``None`` gives the defaults.

    Raises
    ------
    RecipeError
        If the file cannot be read, is not TOML, or a key is unknown or its value invalid.
    """
    if path is None:
        return Recipe()
    try:
        text = path.read_text(encoding="utf-8")
        return Recipe.model_validate(tomllib.loads(text))
    except OSError as error:
        raise RecipeError(f"recipe {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path}: not valid TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}, got {item['input']!r}"
            for item in error.errors()
        )
        raise RecipeError(f"recipe {path}: {problems}") from error
