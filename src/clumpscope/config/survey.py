"""Survey profiles: how a survey's files are named, what is in them and what they do not say.

A profile is a TOML file. Those of the package lie in `clumpscope/surveys`; a user's own is given
by its path.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import isfinite, log10
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from clumpscope.config.band_names import NAMED_SO, is_band_name
from clumpscope.config.base import Positive, Section, problems_of
from clumpscope.config.toml_text import toml_of
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
    bands: Annotated[dict[str, Names], Field(min_length=1)]
    """Bands and what they are called in the survey's headers and file names, in any case."""
    headers: dict[str, Names] = Field(default_factory=dict)
    """Cards by which a header is known to be of this survey, with values that begin so: one of
    them is enough, and an empty text is any value."""
    files: Names = ()
    """Patterns of file names, with `{id}`, `{band}`, `{plane}` and `*`, without `.fits` and the
    like. A name that fits none is taken apart."""
    band_cards: Annotated[Names, Field(examples=[["FILTER1", "FILTER2"]])] = ()
    """Cards that may name the band, the best first. None: the usual ones."""
    pixscale_arcsec: Annotated[Positive | None, Field(examples=[0.168])] = None
    """Pixel side, arcsec: a header that says another one is told. Not set: not compared."""
    unit: Annotated[str | None, Field(examples=["nanomaggy"])] = None
    """Unit of pixels where a header has no BUNIT. Not set: that is an error."""
    zero_point: Annotated[Magnitude | None, Field(examples=[27.0])] = None
    """AB magnitude of one count, where a header does not say."""
    zero_point_a_second: bool = False
    """The zero point is that of one count a second of EXPTIME, but pixels are counts."""
    planes: Planes = Planes()
    mask_bits: dict[str, Annotated[int, Field(ge=0, le=63)]] = Field(default_factory=dict)
    """Bits of masks by name, where their header does not name them."""
    mask_meanings: dict[str, Meaning] = Field(default_factory=dict)
    """What bits mean, by name: what is not here is looked up among the common names."""
    mask_bands: dict[str, str] = Field(default_factory=dict)
    """Bits that say something of one band only, by name, in a mask that all bands share."""
    psf_fwhm_arcsec: dict[str, Positive] = Field(default_factory=dict)
    """Typical PSF-FWHM by band, arcsec: what is assumed, and flagged, if nothing else tells."""
    depth_mag: dict[str, Magnitude] = Field(default_factory=dict)
    """Typical 5 sigma depth of point sources by band, AB magnitude."""
    extinction: dict[str, Positive] = Field(default_factory=dict)
    """A / E(B-V) by band, on unscaled SFD98, where they differ from those of the band table."""

    @model_validator(mode="after")
    def _of_its_bands(self) -> Self:
        if odd := [band for band in self.bands if not is_band_name(band)]:
            raise ValueError(f"a band is named by {NAMED_SO}, not {', '.join(odd)}")
        first: dict[str, str] = {}
        for band, names in self.bands.items():
            for name in (band, *names):
                other = first.setdefault(plain(name), band)
                if other != band:
                    raise ValueError(f"{name!r} names two bands: {other} and {band}")
        for key in ("psf_fwhm_arcsec", "depth_mag", "extinction"):
            if unknown := sorted(set(getattr(self, key)) - set(self.bands)):
                raise ValueError(f"{key} has bands that bands has not: {', '.join(unknown)}")
        if unknown := sorted(set(self.mask_bands.values()) - set(self.bands)):
            raise ValueError(f"mask_bands has bands that bands has not: {', '.join(unknown)}")
        for pattern in self.files:
            if "{band}" not in pattern and "{id}" not in pattern:
                raise ValueError(f"pattern {pattern!r} has neither {{id}} nor {{band}}")
            if foreign := set(re.findall(r"\{(.*?)\}", pattern)) - {"id", "band", "plane"}:
                raise ValueError(f"pattern {pattern!r} has {{{min(foreign)}}}")
        return self

    def is_of(self, header: Mapping[str, Any]) -> bool:
        """Whether a card of ``headers`` says that a file is of this survey."""
        return any(
            card in header and str(header[card]).strip().upper().startswith(begin.upper())
            for card, begins in self.headers.items()
            for begin in begins
        )

    def meanings(self, band: str) -> dict[str, Meaning]:
        """What a mask's bits mean in one band: those of other bands mean nothing there."""
        others = {name for name, of in self.mask_bands.items() if of != band}
        return self.mask_meanings | dict.fromkeys(others, "none")

    def zero_point_of(self, header: Mapping[str, Any], *, rate: bool = False) -> float | None:
        """AB magnitude of one count where a header does not say; ``None`` if not known.

        Parameters
        ----------
        rate
            Whether pixels are counts a second already.
        """
        if self.zero_point is None or not self.zero_point_a_second or rate:
            return self.zero_point
        try:
            seconds = float(str(header.get("EXPTIME")))
        except ValueError:
            return None
        return self.zero_point + 2.5 * log10(seconds) if isfinite(seconds) and seconds > 0 else None


def plain(name: str) -> str:
    """A band's or plane's name for comparison: lower case, one ``-`` for what separates words."""
    return re.sub(r"[\s_.;,:/-]+", "-", name.strip()).strip("-").lower()


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


@cache
def _of_package(name: str) -> SurveyProfile:
    return _parsed((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), name)


def load_survey(name: str) -> SurveyProfile:
    """Read a profile: one of the package by its name, or a file by its path.

    Raises
    ------
    RecipeError
        If there is none, it cannot be read, is not TOML, or a key is unknown or invalid.
    """
    if name in survey_names():
        return _of_package(name)
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
    what = f"survey profile {name}"
    try:
        return SurveyProfile.model_validate(toml_of(text, what))
    except ValidationError as error:
        raise RecipeError(f"{what}: {problems_of(error)}") from error
