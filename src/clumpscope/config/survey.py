"""Survey profiles: how a survey's files are named, what is in them and what they do not say.

A profile is a TOML file. Those of the package lie in `clumpscope/surveys`; a user's own is given
by its path.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from clumpscope.config.base import Positive, Section, problems_of
from clumpscope.errors import RecipeError, did_you_mean, expected_got
from clumpscope.files.regular import regular

_MOST_MB = 1.0
_FOLDER = files("clumpscope") / "surveys"

Names = tuple[str, ...]
Meaning = Literal["saturated", "cosmic_ray", "no_data", "star", "none"]
Magnitude = Annotated[float, Field(ge=-10, le=50)]


class Planes(Section):
    """Names, in HDUs or files, of what a survey stores beside its images.

    They are compared without regard to case, and come before the common names that are known.
    """

    image: Names = ()
    """Images."""
    variance: Names = ()
    """Variance."""
    inverse_variance: Names = ()
    """Inverse variance."""
    error: Names = ()
    """Error: the root of the variance."""
    weight: Names = ()
    """Weights, whose scale is not known."""
    mask: Names = ()
    """Bit masks."""
    psf: Names = ()
    """Images of the PSF."""
    other: Names = ()
    """What is not used."""


class SurveyProfile(Section):
    """One survey, or one user's own data."""

    about: str
    """What it is, with the release and where its files are described."""
    bands: dict[str, Names]
    """Bands and what they are called in the survey's headers and file names."""
    headers: dict[str, Names] = Field(default_factory=dict)
    """Cards by which a header is known to be of this survey, with values that begin so."""
    files: Names = ()
    """Patterns of file names, with `{id}`, `{band}` and `{plane}`; else names are taken apart."""
    band_card: Annotated[str | None, Field(examples=["FILTER"])] = None
    """Card that names the band. Not set: the usual ones."""
    pixscale_arcsec: Annotated[Positive | None, Field(examples=[0.168])] = None
    """Pixel side, arcsec: a header that says another one is told. Not set: not compared."""
    unit: Annotated[str | None, Field(examples=["nanomaggy"])] = None
    """Unit of pixels where a header has no BUNIT. Not set: that is an error."""
    zero_point: Annotated[Magnitude | None, Field(examples=[27.0])] = None
    """AB magnitude of one count a second or, in stacks, one count, where a header does not say."""
    planes: Planes = Planes()
    mask_bits: dict[str, Annotated[int, Field(ge=0, le=63)]] = Field(default_factory=dict)
    """Bits of masks by name, where their header does not name them."""
    mask_meanings: dict[str, Meaning] = Field(default_factory=dict)
    """What bits mean, by name: what is not here is looked up among the common names."""
    psf_fwhm_arcsec: dict[str, Positive] = Field(default_factory=dict)
    """Typical PSF-FWHM by band, arcsec: what is assumed, and flagged, if nothing else tells."""
    depth_mag: dict[str, Magnitude] = Field(default_factory=dict)
    """Typical 5 sigma depth of point sources by band, AB magnitude."""
    extinction: dict[str, Positive] = Field(default_factory=dict)
    """A / E(B-V) by band, on unscaled SFD98, where they differ from those of the band table."""

    @model_validator(mode="after")
    def _of_its_bands(self) -> Self:
        for name in ("psf_fwhm_arcsec", "depth_mag", "extinction"):
            if unknown := sorted(set(getattr(self, name)) - set(self.bands)):
                raise ValueError(f"{name} has bands that bands has not: {', '.join(unknown)}")
        for pattern in self.files:
            if "{band}" not in pattern and "{id}" not in pattern:
                raise ValueError(f"pattern {pattern!r} has neither {{id}} nor {{band}}")
        return self


@cache
def survey_names() -> tuple[str, ...]:
    """Names of the package's profiles."""
    return tuple(
        sorted(
            one.name.removesuffix(".toml")
            for one in _FOLDER.iterdir()
            if one.name.endswith(".toml")
        )
    )


def load_survey(name: str) -> SurveyProfile:
    """Read a profile: one of the package by its name, or a file by its path.

    Raises
    ------
    RecipeError
        If there is none, it cannot be read, is not TOML, or a key is unknown or invalid.
    """
    if name in survey_names():
        return _parsed((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name)
    path = Path(name)
    if not path.is_file():
        known = f"one of {', '.join(survey_names())}, or a profile's file"
        remedy = did_you_mean(name, survey_names())
        raise RecipeError(expected_got("survey", known, name, remedy))
    try:
        text = regular(path, RecipeError, _MOST_MB).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"survey profile {path}: {error}") from error
    return _parsed(text, name)


def _parsed(text: str, name: str) -> SurveyProfile:
    try:
        return SurveyProfile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise RecipeError(f"survey profile {name}: {problems_of(error)}") from error
    except ValueError as error:
        raise RecipeError(f"survey profile {name}: not valid TOML: {error}") from error
