"""The noise of an image: what kind its plane is, by name and by the sky's own scatter."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from clumpscope.errors import ImageError, expected_got
from clumpscope.stages.ingest.scatter import sky_scatter, typical_of

# Noise by the plane over the sky's scatter. Resampling lets pixels scatter less than their noise;
# light that does not cancel, and noise that the plane leaves out, lets them scatter more.
_NAMED = (1 / 4, 4.0)  # as its name says
_CLOSE = (2 / 3, 3 / 2)  # so near that no other kind is thought of
_SEEN = (1 / 2, 4.0)  # a kind that nobody named
_WEIGHED = (2 / 3, 4.0)  # a weight that is an inverse variance
_TOLD = (1 / 10, 10.0)  # beyond it, the plane is of another unit
_EMPTY = 0.2  # of the pixels exactly 0: these are off the frame


class NoiseKind(StrEnum):
    """What the numbers of a noise plane are, in the unit of the data."""

    VARIANCE = "variance"
    INVERSE_VARIANCE = "inverse variance"
    ERROR = "error"
    WEIGHT = "weight"


_ABSOLUTE = (NoiseKind.VARIANCE, NoiseKind.INVERSE_VARIANCE, NoiseKind.ERROR)
_POWER = {NoiseKind.VARIANCE: 0.5, NoiseKind.INVERSE_VARIANCE: -0.5, NoiseKind.ERROR: 1.0}


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise of an image.

    Attributes
    ----------
    variance
        (ny, nx) float32, nanomaggy squared; 0 where `bad`.
    bad
        (ny, nx) True where the plane has none: there are no data.
    assumed
        True if its size is an estimate from the image's own blank sky.
    notes
        What the user should know of how it was found.
    """

    variance: NDArray[np.float32]
    bad: NDArray[np.bool_]
    assumed: bool = False
    notes: tuple[str, ...] = ()


def noise_of(
    data_nmgy: NDArray[np.float32],
    plane: NDArray[np.generic] | None,
    kind: NoiseKind | None,
    factor: float,
    bad: NDArray[np.bool_],
    where: object,
) -> Noise:
    """Find the variance of an image, from a noise plane if it has one.

    A plane is held against the scatter of the image's blank sky. One that is named a variance, an
    inverse variance or an error must agree with it to a factor of 4 in sigma unless no other
    reading does. A weight is an inverse variance if it fits as one, else only relative: scaled to
    the scatter, and marked as assumed. What nobody named is what fits best. Without a plane the
    scatter is the noise everywhere, marked as assumed.

    Parameters
    ----------
    data_nmgy
        (ny, nx) nanomaggy.
    plane
        (ny, nx) in the unit that the data had, or its square or inverse square; NaN, infinite,
        negative and zero where there are no data.
    kind
        By the plane's name; ``None`` where it says nothing.
    factor
        Nanomaggies of one unit of the data.
    bad
        (ny, nx) True where the image is not to be trusted: it does not count.
    where
        Whose it is, for messages.

    Raises
    ------
    ImageError
        If the plane is of another shape or kind, valid nowhere, or without any no sky is there to
        measure.
    """
    data = np.asarray(data_nmgy)
    if plane is None:
        return _estimated(data, bad, where)
    if plane.shape != data.shape:
        what = f"{where} noise"
        raise ImageError(expected_got(what, f"shape {data.shape}", plane.shape))
    values = np.asarray(plane)
    valid = np.isfinite(values) & np.greater(values, 0)
    if not valid.any():
        raise ImageError(
            expected_got(
                f"{where} {kind or 'noise'}",
                "positive numbers",
                "none",
                "leave the plane out: the noise is then estimated from the image",
            )
        )
    good = valid & ~bad & np.isfinite(data)
    scatter = sky_scatter(data, good)
    typical = typical_of(values, good)
    if not scatter * typical > 0:
        return _unchecked(values, kind, factor, valid, where)
    ratios = {one: _sigma(typical, one, factor) / scatter for one in _ABSOLUTE}
    if kind in _ABSOLUTE:
        notes = _as_named(kind, ratios, scatter, where)
        return _noise(values, kind, factor, valid, notes=notes)
    fits = _fitting(ratios)
    if kind is NoiseKind.WEIGHT:
        least, most = _WEIGHED
        fits = [one for one in (NoiseKind.INVERSE_VARIANCE,) if least <= ratios[one] <= most]
    if fits:
        notes = (f"noise taken for {_an(fits[0])}, which fits the sky's scatter",)
        return _noise(values, fits[0], factor, valid, notes=notes)
    if kind is None:
        found = _estimated(data, bad | ~valid, where)
        said = f"the noise plane fits the sky's scatter in no way: not used; {found.notes[0]}"
        return Noise(np.where(valid, found.variance, np.float32(0)), ~valid, True, (said,))
    alike = np.sqrt(
        np.where(valid, values, 0).astype(float) / typical
    )  # makes the noise the same everywhere
    scale = sky_scatter(data * alike, good) * np.sqrt(typical)
    notes = ("weights are relative: scaled to the sky's scatter",)
    return _noise(values, NoiseKind.WEIGHT, scale, valid, assumed=True, notes=notes)


def _sigma(typical: float, kind: NoiseKind, factor: float) -> float:
    return float(factor * typical ** _POWER[kind])


def _noise(
    plane: NDArray[np.generic],
    kind: NoiseKind,
    factor: float,
    valid: NDArray[np.bool_],
    *,
    assumed: bool = False,
    notes: tuple[str, ...] = (),
) -> Noise:
    values = np.where(valid, plane, 1).astype(float)
    with np.errstate(over="ignore"):
        if kind is NoiseKind.VARIANCE:
            values *= factor**2
        elif kind is NoiseKind.ERROR:
            values = np.square(factor * values)
        else:
            values = factor**2 / values
        variance = values.astype(np.float32)
    bad = ~valid | ~np.isfinite(variance) | (variance <= 0)
    return Noise(np.where(bad, np.float32(0), variance), bad, assumed, notes)


def _as_named(
    kind: NoiseKind, ratios: dict[NoiseKind, float], scatter: float, where: object
) -> tuple[str, ...]:
    """What to note of a plane whose name says its kind.

    Raises
    ------
    ImageError
        If it is another, or of another unit.
    """
    ratio, fits = ratios[kind], _fitting(ratios)
    says = f"noise of {ratio * scatter:.3g} nanomaggies where the sky scatters by {scatter:.3g}"
    if _NAMED[0] <= ratio <= _NAMED[1]:
        if _CLOSE[0] <= ratio <= _CLOSE[1] or not fits or fits[0] is kind:
            return ()
        return (f"the {kind} plane says {says}: {_an(fits[0])} would fit it better",)
    if fits or not _TOLD[0] <= ratio <= _TOLD[1]:
        seen = f", as if it were {_an(fits[0])}" if fits else ""
        raise ImageError(
            expected_got(
                f"{where} noise",
                _an(kind),
                f"one of {says}{seen}",
                "say what the plane is, or leave it out: the noise is then estimated",
            )
        )
    return (f"the {kind} plane says {says}",)


def _fitting(ratios: dict[NoiseKind, float]) -> list[NoiseKind]:
    """Kinds that fit the scatter, best first."""
    fits = [kind for kind, ratio in ratios.items() if _SEEN[0] <= ratio <= _SEEN[1]]
    return sorted(fits, key=lambda kind: abs(np.log(ratios[kind])))


def _an(kind: NoiseKind) -> str:
    return f"an {kind}" if kind[0] in "ei" else f"a {kind}"


def _unchecked(
    plane: NDArray[np.generic],
    kind: NoiseKind | None,
    factor: float,
    valid: NDArray[np.bool_],
    where: object,
) -> Noise:
    """A plane that no sky is there to check by: its name must say what it is."""
    if kind not in _ABSOLUTE:
        raise ImageError(
            expected_got(
                f"{where} noise",
                "a sky that scatters, to tell what the plane is",
                "none",
                "say whether it is variance, inverse variance or error",
            )
        )
    notes = (f"no sky to check the {kind} plane by",)
    return _noise(plane, kind, factor, valid, notes=notes)


def _estimated(data: NDArray[np.float32], bad: NDArray[np.bool_], where: object) -> Noise:
    good = ~bad & np.isfinite(data)
    empty = data == 0
    if empty.mean() > _EMPTY:
        good &= ~empty
    scatter = sky_scatter(data, good)
    if not scatter > 0:
        raise ImageError(
            expected_got(f"{where} noise", "a noise plane, or a sky that scatters", "neither")
        )
    notes = (f"noise estimated from the sky's scatter: {scatter:.3g} nanomaggies a pixel",)
    variance = np.full(data.shape, scatter**2, dtype=np.float32)
    return Noise(variance, np.zeros(data.shape, dtype=bool), True, notes)
