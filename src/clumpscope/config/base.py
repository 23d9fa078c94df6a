"""What all recipe sections share: the base class and kinds of numbers."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from clumpscope.config.band_names import NAMED_SO, alike, is_band_name


class Section(BaseModel):
    """Base of every recipe section: frozen, unknown keys, infinity and NaN refused.

    The string under a field says what it means; `recipe show` and the documentation print it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


def problems_of(error: ValidationError) -> str:
    """What is wrong with which fields, on one line."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc']))}: {item['msg']}, got {str(item['input'])[:100]!r}"
        for item in error.errors()
    )


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    if low > high:
        raise ValueError("must be low <= high")
    return limits


def odd(number: int) -> int:
    """Refuse an even number."""
    if number % 2 == 0:
        raise ValueError("must be odd")
    return number


def band_name(band: str) -> str:
    """Refuse what no band can be called."""
    if not is_band_name(band):
        raise ValueError(f"must be names of bands ({NAMED_SO}), not {band!r:.50}")
    return band


def _each_once(bands: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(bands)) < len(bands):
        raise ValueError("must name each band once")
    if both := alike(bands):
        raise ValueError(f"must not hold two names that differ by case alone: {' '.join(both)}")
    return bands


Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
PerBand = Annotated[tuple[Positive, ...], Field(min_length=1)]
BandName = Annotated[str, AfterValidator(band_name)]
BandNames = Annotated[tuple[BandName, ...], Field(min_length=1), AfterValidator(_each_once)]
Count = Annotated[int, Field(ge=1)]
