"""A selection function: how complete a model's catalogue is, as a file of JSON.

It holds smooth functions of one form, logit c = a + sum_k s_k(x_k) with cubic splines s_k: of
*true* covariates, of *measured* ones, those of a catalogue's row, and of the true flux ratio at a
row's *place*. Each knows its errors, by members fitted to resampled hosts, and where it holds.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError
from scipy.interpolate import BSpline
from scipy.special import expit

from clumpscope.config.recipe import problems
from clumpscope.errors import FolderError, expected_got
from clumpscope.files.regular import regular
from clumpscope.models.sums import weighted
from clumpscope.store.atomic import atomic
from clumpscope.store.json_text import parse_json

SCHEMA_VERSION = 1
DEGREE = 3
_MOST_MB = 50.0

Values = NDArray[np.float64]
Row = tuple[float, ...]


def design(x: Values, knots: tuple[Row, ...]) -> Values:
    """(N, P) basis functions of all covariates beside each other at ``x`` (N, K).

    Beyond its knots a spline is constant.
    """
    parts = []
    for k, own in enumerate(knots):
        at = np.clip(x[:, k], own[DEGREE], own[-DEGREE - 1])
        parts.append(BSpline.design_matrix(at, np.asarray(own), DEGREE).toarray())
    return np.hstack(parts)


_FARTHEST = 1e6  # reach of an ellipsoid, in its own widths


@dataclass(frozen=True)
class Smooth:
    """One fit over K covariates, and M members that tell its error.

    Attributes
    ----------
    covariates
        Their K names; what each is says `clumpscope.stages.completeness.covariates`.
    low, high
        (K,) the box in which it holds ...
    centre, inverse, reach
        ... and there the ellipsoid (x - centre)^T inverse (x - centre) <= reach^2; (K,), (K, K).
    knots
        K rows of knots of cubic B-splines.
    coefficients
        (P, 1 + M) of all their basis functions, the fit's first.
    intercepts
        (1 + M,).
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    covariates: tuple[str, ...]
    low: Row
    high: Row
    centre: Row
    inverse: tuple[Row, ...]
    reach: float
    knots: tuple[Row, ...]
    coefficients: tuple[Row, ...]
    intercepts: Row

    def __post_init__(self) -> None:
        count = len(self.covariates)
        basis = sum(len(own) - DEGREE - 1 for own in self.knots)
        for what, wanted, got in (
            ("limits", {count}, {len(self.low), len(self.high), len(self.centre)}),
            ("inverse", {count}, {len(self.inverse), *map(len, self.inverse)}),
            ("rows of knots", count, len(self.knots)),
            ("coefficients", basis, len(self.coefficients)),
            ("members", {len(self.intercepts)}, set(map(len, self.coefficients))),
        ):
            if wanted != got:
                raise ValueError(expected_got(what, wanted, got))
        if len(self.intercepts) < 2 or not 0 < self.reach < _FARTHEST:
            said = f"{len(self.intercepts)}, reach {self.reach:g}"
            raise ValueError(expected_got("members", "a fit, others and a reach", said))
        if any(len(own) < 2 * DEGREE + 2 or list(own) != sorted(own) for own in self.knots):
            raise ValueError(expected_got("knots", "8 or more in order", "others"))
        if any(own[0] == own[-1] for own in self.knots):
            raise ValueError(expected_got("knots", "different ones", "all the same"))

    def logit(self, x: Values) -> Values:
        """(N, 1 + M) ln(c / (1 - c)) at ``x`` (N, K), as at the nearest knots beyond them."""
        logit = weighted(design(x, self.knots), np.asarray(self.coefficients))
        logit += np.asarray(self.intercepts)
        return logit

    def inside(self, x: Values) -> NDArray[np.bool_]:
        """(N,) whether it holds at ``x`` (N, K); not where a covariate is unknown."""
        known: NDArray[np.bool_] = np.all(np.isfinite(x), axis=1)
        off = np.where(known[:, None], x, 0.0) - np.asarray(self.centre)
        far = np.einsum("nk,kl,nl->n", off, np.asarray(self.inverse), off)
        box = ((x >= np.asarray(self.low)) & (x <= np.asarray(self.high))).all(axis=1)
        held: NDArray[np.bool_] = known & box & (far <= self.reach**2)
        return held

    def members(self, x: Values) -> Values:
        """(N, 1 + M) completeness at ``x`` (N, K), the fit's first; NaN where it does not hold."""
        result = np.full((len(x), len(self.intercepts)), np.nan)
        held = self.inside(x)
        if held.any():
            result[held] = expit(self.logit(x[held]))
        return result

    def __call__(self, x: Values) -> tuple[Values, Values]:
        """(N,) completeness and its 1-sigma error; NaN where it does not hold."""
        all_of_them = self.members(x)
        return all_of_them[:, 0], all_of_them[:, 1:].std(axis=1)


@dataclass(frozen=True)
class Scatter:
    """Measured ratios of u fluxes about the true ones.

    measured = bias x true + t sqrt((stretch x error)^2 + (share x true)^2), t of Student's
    distribution with ``freedom`` degrees of freedom.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", allow_inf_nan=False)

    bias: float
    stretch: float
    share: float
    freedom: float


@dataclass(frozen=True)
class Selection:
    """A model's selection function.

    Attributes
    ----------
    true, measured
        Completeness by true and by measured covariates ...
    place
        ... and by true flux ratio and measured surroundings.
    scatter
        Of measured about true flux ratios.
    made
        What a catalogue must be made with: the model's sha256, its threshold, and the recipe's
        sections `detect`, `refine` and `measure`.
    provenance
        Sample, numbers, held-out scores, version.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    true: Smooth
    measured: Smooth
    place: Smooth
    scatter: Scatter
    made: dict[str, Any]
    provenance: dict[str, Any]
    schema_version: int = SCHEMA_VERSION

    def write(self, path: Path) -> None:
        """Write it as JSON; floats come back bit for bit."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False)
        with atomic(path) as temporary:
            temporary.write_text(text + "\n")

    @classmethod
    def read(cls, path: Path) -> "Selection":
        """Read one.

        Raises
        ------
        FolderError
            If it is missing, damaged, of a newer schema, or something else.
        """
        try:
            content = parse_json(regular(path, FolderError, _MOST_MB).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FolderError(f"{path}: no such file") from None
        except (OSError, ValueError) as error:
            raise FolderError(f"{path}: not a selection function: {error}") from error
        found = content.get("schema_version", 0) if isinstance(content, dict) else 0
        if isinstance(found, int) and found > SCHEMA_VERSION:
            raise FolderError(expected_got(path, f"schema version <= {SCHEMA_VERSION}", found))
        try:
            return _SELECTION.validate_python(content)
        except ValidationError as error:
            raise FolderError(f"{path}: not a selection function: {problems(error)}") from error

    def check(self, made: dict[str, Any], what: str) -> None:
        """See that it tells of a catalogue that was made so.

        Raises
        ------
        FolderError
            If the model, its threshold or a setting that matters is another.
        """
        for name, theirs in made.items():
            if self.made.get(name) != theirs:
                wanted = f"the {name} that {what} has, {_short(theirs)}"
                got = _short(self.made.get(name))
                raise FolderError(expected_got("selection function", wanted, got))


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}..."


_SELECTION = TypeAdapter(Selection)
