"""Hosts: what shape and colour a galaxy has before clumps, PSF and noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.simulate import ClumpsConfig, HostsConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.stages.simulate.population import Member, draw_member
from clumpscope.stages.simulate.sources import in_bands, nanomaggies

POPULATIONS = ("bulge", "disk", "young")


@dataclass(frozen=True)
class Arms:
    """Spiral structure; angles in radians, radii in scale lengths."""

    number: int  # 0 for none
    pitch: float
    sense: int  # +1 or -1
    phase: float
    contrast: float  # of ln brightness between crest and trough, halved
    wobble: float  # rms departure of the crests from a log spiral
    patchiness: float  # rms of ln brightness along them
    start: float  # radius within which they fade


@dataclass(frozen=True)
class Host:
    """A host galaxy; lengths in arcsec or scale lengths h, angles in radians, nanomaggies.

    ``fluxes`` maps each stellar population of `POPULATIONS` to (B,) fluxes in ``bands``, before
    dust.
    """

    member: Member
    scale_arcsec: float  # h
    axis_ratio: float
    angle: float  # of the major axis from the +x pixel axis
    bulge_radius: float  # half light, h
    bulge_index: float  # Sersic
    disk_index: float  # Sersic; 1 is exponential
    break_radius: float  # h; beyond it the disk's slope is multiplied by break_slope
    break_slope: float
    arms: Arms
    bar: float  # half-length, h; 0 for none
    ring: float  # radius, h; 0 for none
    grain: float  # rms of ln brightness of unordered patches
    grain_scale: float  # h
    lopsided: float
    bend: float  # of the plane: across += bend along^2 / h
    offset: float  # of bulge and bar from the disk's centre, h
    tail: float  # share of the young light in a tidal arm
    dust: float  # optical depth in r, face-on, at the centre
    richness: float  # mean number of clumps above the faint limit; 0 for none
    faintest: float  # that limit, of the host's u flux
    bands: tuple[str, ...]
    fluxes: dict[str, NDArray[np.float64]]

    @property
    def total(self) -> NDArray[np.float64]:
        """(B,) flux of all populations per band, before dust."""
        total: NDArray[np.float64] = np.sum([self.fluxes[name] for name in POPULATIONS], axis=0)
        return total


def draw_host(
    rng: np.random.Generator,
    config: HostsConfig,
    clumps: ClumpsConfig,
    bands: tuple[str, ...] = SDSS_BANDS,
) -> Host:
    """Draw a host in some bands: a member of the population and a structure that suits its kind."""
    member = draw_member(rng, config)
    kind = member.kind
    merger = kind != "smooth" and rng.random() < config.merger_share
    early = kind == "smooth" and rng.random() < 0.5
    cos_i = rng.uniform(0.0, 1.0) if not early else rng.uniform(0.5, 1.0)
    thickness = {"smooth": 0.3, "irregular": 0.35}.get(kind, 0.16) * rng.uniform(0.7, 1.3)
    axis_ratio = float(np.sqrt(cos_i**2 * (1 - thickness**2) + thickness**2))
    disturbed = merger or kind == "irregular"
    return Host(
        member=member,
        scale_arcsec=member.r50_arcsec / (1.678 if not early else 1.9),
        axis_ratio=axis_ratio,
        angle=float(rng.uniform(0, np.pi)),
        bulge_radius=float(np.exp(rng.normal(np.log(0.22 if not early else 0.6), 0.4))),
        bulge_index=float(rng.uniform(0.9, 3.0) if not early else rng.uniform(2.5, 4.5)),
        disk_index=float(
            rng.uniform(0.55, 1.05) if kind == "irregular" else rng.uniform(0.85, 1.15)
        ),
        break_radius=float(rng.uniform(1.8, 4.5)),
        break_slope=float(rng.choice([1.0, rng.uniform(1.3, 2.5), rng.uniform(0.55, 0.9)])),
        arms=_arms(rng, kind),
        bar=float(rng.uniform(0.4, 1.2)) if _barred(rng, kind) else 0.0,
        ring=float(rng.uniform(0.7, 2.2))
        if kind in ("spiral", "smooth") and rng.random() < 0.14
        else 0.0,
        grain=float(
            rng.uniform(*{"smooth": (0.0, 0.05), "irregular": (0.45, 1.1)}.get(kind, (0.15, 0.5)))
        ),
        grain_scale=float(np.exp(rng.uniform(np.log(0.08), np.log(0.5)))),
        lopsided=float(rng.uniform(0.15, 0.5) if disturbed else abs(rng.normal(0, 0.09))),
        bend=float(np.clip(rng.normal(0, 0.05 if disturbed else 0.012), -0.1, 0.1)),
        offset=float(rng.uniform(0.1, 0.5)) if kind == "irregular" else 0.0,
        tail=float(rng.uniform(0.08, 0.35)) if merger else 0.0,
        dust=_dust(rng, kind),
        richness=_richness(rng, member, clumps, merger=merger),
        faintest=clumps.flux_ratio_u[0],
        bands=bands,
        fluxes=_fluxes(rng, member, bands, merger=merger),
    )


def _barred(rng: np.random.Generator, kind: str) -> bool:
    share = {"spiral": 0.35, "flocculent": 0.2, "irregular": 0.4, "smooth": 0.1}[kind]
    return bool(rng.random() < share)


def _arms(rng: np.random.Generator, kind: str) -> Arms:
    spiral = kind == "spiral"
    return Arms(
        number=int(rng.choice([2, 2, 2, 2, 3, 4, 5])) if spiral else 0,
        pitch=float(np.radians(rng.uniform(8, 34))),
        sense=int(rng.choice([-1, 1])),
        phase=float(rng.uniform(0, 2 * np.pi)),
        contrast=float(rng.uniform(0.4, 2.2)) if spiral else 0.0,
        wobble=float(rng.uniform(0.15, 0.9)),
        patchiness=float(
            rng.uniform(*{"smooth": (0.0, 0.08), "irregular": (0.2, 0.6)}.get(kind, (0.35, 1.0)))
        ),
        start=float(rng.uniform(0.2, 0.9)),
    )


def _dust(rng: np.random.Generator, kind: str) -> float:
    low, high = {"smooth": (0.0, 0.25), "irregular": (0.0, 0.35)}.get(kind, (0.1, 1.1))
    return float(rng.uniform(low, high))


def _richness(
    rng: np.random.Generator, member: Member, config: ClumpsConfig, *, merger: bool
) -> float:
    """Mean number of clumps: none in many galaxies, more in those that form many stars."""
    if member.kind == "smooth":
        return 0.0
    # Against the sequence of star-forming galaxies, as _candidates draws it.
    active = member.log_ssfr + 9.95 + 0.25 * (member.log_mass - 10)
    clumpless = config.clumpless_share * (0.4 if merger or member.kind == "irregular" else 1)
    if rng.random() < clumpless + (0.3 if active < -0.6 else 0):
        return 0.0
    scatter = np.exp(rng.normal(0, 0.15) + 0.2 * np.clip(active, -1, 1))
    return float(config.mean * scatter * (1.3 if merger else 1))


def _fluxes(
    rng: np.random.Generator, member: Member, bands: Sequence[str], *, merger: bool
) -> dict[str, NDArray[np.float64]]:
    """Flux per population and band; the whole has about the member's colour in g-r."""
    kind = member.kind
    massive = 1 / (1 + np.exp(-1.5 * (member.log_mass - 10.5)))
    bulge = {
        "spiral": rng.beta(1.5, 9) + 0.12 * massive,
        "flocculent": rng.beta(1.2, 14) + 0.06 * massive,
        "smooth": rng.beta(3, 4),
        "irregular": rng.beta(1, 40),
    }[kind]
    young = {"spiral": 0.36, "flocculent": 0.42, "smooth": 0.03, "irregular": 0.5}[kind]
    young = min(young * rng.uniform(0.5, 1.45) * (1.3 if merger else 1), 0.85)
    total = nanomaggies(member.r_mag)
    shares = {"bulge": bulge, "young": (1 - bulge) * young, "disk": (1 - bulge) * (1 - young)}
    # Bulges are redder and young stars bluer than the whole; u-g, r-i and i-z follow g-r as
    # for SDSS galaxies. Dust will redden, hence the shift.
    offsets = {"bulge": rng.normal(0.2, 0.06), "disk": 0.08, "young": rng.normal(-0.22, 0.05)}
    shift = sum(shares[name] * offsets[name] for name in shares) + 0.03
    scatter = rng.normal(0, 0.07, 3)
    fluxes = {}
    for name, share in shares.items():
        colour = float(np.clip(member.g_r + offsets[name] - shift, -0.05, 1.6))
        u_g = 0.52 + 1.12 * colour + scatter[0]
        r_i = 0.12 + 0.36 * colour + 0.4 * scatter[1]
        i_z = 0.05 + 0.26 * colour + 0.4 * scatter[2]
        magnitudes = np.array([u_g + colour, colour, 0.0, -r_i, -r_i - i_z])
        fluxes[name] = share * total * 10 ** (-0.4 * in_bands(magnitudes, bands))
    return fluxes
