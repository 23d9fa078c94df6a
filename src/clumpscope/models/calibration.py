"""What a detector's probabilities are worth: the calibrations that travel in its model file.

A calibration takes the raw class probability of a candidate and its signal-to-noise to the chance
that it is a normal clump of true u flux ratio >= 1 %, and says for which images it was fitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import expit, logit

from clumpscope.config.base import BandName, Count, Fraction, PositiveRange, Range, Section
from clumpscope.core.bands import from_text
from clumpscope.core.boxes import Label
from clumpscope.core.conditions import SLACK
from clumpscope.core.schema import plain
from clumpscope.models.sums import weighted

Values = NDArray[np.float64]
Rule = Literal["temperature", "platt", "beta", "platt-snr", "bent-snr"]

_LEAST = 1e-6  # of a probability: the logarithm of 0 is none
_BENDS = (1.0, 3.0, 10.0)  # signal-to-noise
_TERMS: dict[Rule, int] = {
    "temperature": 1,
    "platt": 2,
    "beta": 3,
    "platt-snr": 3,
    "bent-snr": 8,
}
RULES = tuple(_TERMS)

Knots = Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=20_000)]
Weights = Annotated[
    tuple[Annotated[float, Field(ge=-1e4, le=1e4)], ...], Field(min_length=1, max_length=8)
]


def terms(rule: Rule, p: Values, snr: Values) -> Values:
    """(N, K) what the log odds of a rule are a sum of.

    With z the logit of ``p`` and s = arcsinh(``snr``), which negative fluxes have, too: z over
    one temperature; 1, z (Platt 1999); 1, ln p, -ln(1 - p) (beta calibration, Kull et al. 2017);
    1, z, s; and 1, z, s, z^2, z s, with bends in s at signal-to-noise 1, 3 and 10.

    Parameters
    ----------
    p, snr
        (N,) raw probability and signal-to-noise.
    """
    p = np.clip(p, _LEAST, 1 - _LEAST)
    one, z, s = np.ones_like(p), logit(p), np.arcsinh(snr)
    bends = (np.maximum(s - np.arcsinh(at), 0) for at in _BENDS)
    columns = {
        "temperature": (z,),
        "platt": (one, z),
        "beta": (one, np.log(p), -np.log1p(-p)),
        "platt-snr": (one, z, s),
        "bent-snr": (one, z, s, z * z, z * s, *bends),
    }
    return np.column_stack(columns[rule])


class Logistic(Section):
    """Log odds as a weighted sum of a few terms."""

    kind: Literal["logistic"] = "logistic"
    """Tells the kinds apart."""
    rule: Rule
    """Which terms: see `terms`."""
    weights: Weights
    """Of each term."""

    @model_validator(mode="after")
    def _fits(self) -> "Logistic":
        if len(self.weights) != _TERMS[self.rule]:
            raise ValueError(f"{self.rule} has {_TERMS[self.rule]} weights")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self.rule

    def __call__(self, p: Values, snr: Values) -> Values:
        """(N,) calibrated probabilities."""
        chance: Values = expit(weighted(terms(self.rule, p, snr), np.array(self.weights)))
        return chance


class Isotonic(Section):
    """A rising broken line, level beyond its ends."""

    kind: Literal["isotonic"] = "isotonic"
    """Tells the kinds apart."""
    p: Knots
    """Raw probabilities, rising."""
    chance: Knots
    """Calibrated ones there."""

    @model_validator(mode="after")
    def _rises(self) -> "Isotonic":
        if len(self.p) != len(self.chance):
            raise ValueError("p and chance must have as many knots")
        if np.any(np.diff(self.p) <= 0) or np.any(np.diff(self.chance) < 0):
            raise ValueError("p must rise, chance must not fall")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self.kind

    def __call__(self, p: Values, snr: Values) -> Values:  # noqa: ARG002  (one call for all)
        """(N,) calibrated probabilities."""
        return np.interp(p, self.p, self.chance)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a calibration needs to know of N candidates; NaN where unknown.

    Attributes
    ----------
    p
        (N,) class probability of a clump; of a clump without one its score.
    snr
        (N,) signal-to-noise by band.
    psf_fwhm_arcsec, pixscale_arcsec
        (N,) PSF-FWHM in r and pixel side where they lie.
    score
        (N,) of the detector.
    """

    p: Values
    snr: Mapping[str, Values]
    psf_fwhm_arcsec: Values
    pixscale_arcsec: Values
    score: Values

    @classmethod
    def of(cls, clumps: QTable) -> "Evidence":
        """That of a clump table of level "photometry" or "release"."""

        def column(name: str) -> Values:
            return plain(clumps, name).astype(float)

        p, normal = column("p_clump"), plain(clumps, "clump_label_id") == Label.CLUMP
        width = column("FWHM_r_arcsec")
        with np.errstate(divide="ignore", invalid="ignore"):
            return cls(
                np.where(np.isnan(p) & normal, column("clump_score"), p),
                {
                    band: column(f"clump_flux_{band}") / column(f"clump_flux_err_{band}")
                    for band in from_text(clumps.meta["bands"])
                },
                width,
                width / column("FWHM_r_px"),
                column("clump_score"),
            )


class Calibration(Section):
    """A calibration, and the conditions for which it was fitted."""

    survey: Annotated[str, Field(min_length=1, max_length=100)]
    """Name of those conditions."""
    curve: Annotated[Logistic | Isotonic, Field(discriminator="kind")]
    """From raw to calibrated probability."""
    band: BandName
    """Band of the signal-to-noise."""
    snr: Range
    """Signal-to-noise of the candidates in that band."""
    psf_fwhm_arcsec: PositiveRange
    """PSF-FWHM in r of their galaxies, arcsec."""
    pixscale_arcsec: PositiveRange
    """Pixel scale of their galaxies, arcsec."""
    score: Fraction
    """Lowest score of the candidates."""
    candidates: Count
    """How many there were."""
    galaxies: Count
    """Of how many galaxies."""
    model_sha256: Annotated[str, Field(max_length=64)]
    """Hash of the model file that found them."""
    truth_sha256: Annotated[str, Field(max_length=64)]
    """Hash of the truth that they were compared with."""

    def __call__(self, seen: Evidence) -> Values:
        """(N,) chances; NaN for what is unknown or beyond the fitted ranges.

        Widths and pixels may be 2 % beyond.
        """
        snr = seen.snr.get(self.band)
        chance = np.full(len(seen.p), np.nan)
        if snr is None:
            return chance
        inside = np.isfinite(seen.p) & (snr >= self.snr[0]) & (snr <= self.snr[1])
        inside &= seen.score >= self.score
        for (low, high), values in (
            (self.psf_fwhm_arcsec, seen.psf_fwhm_arcsec),
            (self.pixscale_arcsec, seen.pixscale_arcsec),
        ):
            inside &= (values >= low / SLACK) & (values <= high * SLACK)
        chance[inside] = self.curve(seen.p[inside], snr[inside])
        return chance


Calibrations = Annotated[tuple[Calibration, ...], Field(max_length=50)]


def p_real(calibrations: Sequence[Calibration], seen: Evidence) -> Values:
    """(N,) chances by the first calibration whose conditions hold; NaN where none does."""
    chance = np.full(len(seen.p), np.nan)
    for one in calibrations:
        chance = np.where(np.isnan(chance), one(seen), chance)
    return chance
