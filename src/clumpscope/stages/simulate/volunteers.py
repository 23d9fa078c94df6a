"""Volunteers who look at galaxies and mark clumps, each with skills of their own.

A volunteer depends only on (seed, number), what is done on a galaxy only on (seed, galaxy_id)
and who looks. What is there to be marked comes from truth and image: the true sources, the
bulge, and knots of the host's light that are none of them.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.special import expit

from clumpscope.core.boxes import Label
from clumpscope.core.frames import middle_of
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.marks import Kind
from clumpscope.ops.host import psf_fwhm_px

Values = NDArray[np.float64]

TOOLS = {Kind.NORMAL: "Clump", Kind.ODD: "Unusual clump", Kind.BULGE: "Central bulge"}
_DETECT_BAND, _ODD_BAND = "g", "r"  # clumps are blue, stars shine in r
_TRUTH_LIMIT = 40  # sources of a galaxy that are looked at

# Chosen so that their consensus looks like the real labels.
IMAGES_EACH = 60.0  # classifications of a volunteer in the mean
_ACTIVITY = 1.3  # scatter of ln activity: a few do most
_DETECTION = (0.45, 0.95)  # chance to mark a clear clump, careful volunteers
_SCATTER_FWHM = 0.28  # median scatter of a mark on each axis, PSF-FWHM
_SCATTER_SPREAD = 0.4  # of its logarithm among volunteers
_FALSE_MARKS = 0.3  # random marks a galaxy in the mean
_CONFUSION = 0.12  # median chance to take the wrong tool
_PATIENCE = 3.0  # most marks on a galaxy beside the bulge, median volunteer
_LAZY = 0.15  # share of volunteers who mark the one or two plainest things
_CARELESS = 0.1  # share who mark wildly
_NOT_LOGGED_IN = 0.15  # share of volunteers
_CLEAR_SNR = 30.0  # g-band signal-to-noise at which half of the eye's work is done
_CLEAR_CONTRAST = 0.45  # the same of peak over the light beneath
_LURE = 0.1  # chance to fall for the plainest knot of an arm
_ODD_INTEREST = 0.55  # of what is clearly odd, the share that is marked at all
_BULGE = 0.8  # chance to mark the centre with the bulge tool, times detection
_BULGE_AS_CLUMP = 0.03  # chance to mark it as a clump


@dataclass(frozen=True, eq=False)
class Population:
    """V volunteers and their true skills.

    Attributes
    ----------
    name
        As in an export.
    activity
        (V,) relative numbers of classifications, sum 1.
    detection
        (V,) chance to mark a clear clump.
    scatter_fwhm
        (V,) scatter of marks on each axis, PSF-FWHM.
    false_marks
        (V,) random marks a galaxy.
    confusion
        (V,) chance of the wrong tool.
    credulity
        (V,) factor on the chance to fall for knots and bulges.
    patience
        (V,) most marks made on a galaxy beside the bulge.
    """

    name: NDArray[np.str_]
    activity: Values
    detection: Values
    scatter_fwhm: Values
    false_marks: Values
    confusion: Values
    credulity: Values
    patience: NDArray[np.int64]


def population(count: int, seed: int) -> Population:
    """Draw ``count`` volunteers; each depends on (seed, number) only."""
    rows = [_volunteer(k, np.random.default_rng([seed, 77, k])) for k in range(count)]
    name, activity, detection, scatter, false, confusion, credulity, patience = zip(
        *rows, strict=True
    )
    weight = np.array(activity)
    return Population(
        np.array(name),
        weight / weight.sum(),
        np.array(detection),
        np.array(scatter),
        np.array(false),
        np.array(confusion),
        np.array(credulity),
        np.array(patience),
    )


def _volunteer(
    number: int, rng: np.random.Generator
) -> tuple[str, float, float, float, float, float, float, int]:
    kind = rng.random()
    lazy = kind < _LAZY
    careless = _LAZY <= kind < _LAZY + _CARELESS
    passing = rng.random() < _NOT_LOGGED_IN
    name = f"volunteer_{number:05d}"
    if passing:
        digest = hashlib.sha256(f"{number}".encode()).hexdigest()[:20]
        name = f"not-logged-in-{digest}"
    low, high = _DETECTION
    activity = np.exp(_ACTIVITY * rng.standard_normal()) * (0.2 if passing else 1.0)
    detection = low + (high - low) * rng.beta(2.0, 1.5)
    scatter = _SCATTER_FWHM * np.exp(_SCATTER_SPREAD * rng.standard_normal())
    false = _FALSE_MARKS * rng.gamma(0.7, 1 / 0.7)
    confusion = np.clip(_CONFUSION * np.exp(0.6 * rng.standard_normal()), 0, 0.5)
    credulity = np.exp(0.6 * rng.standard_normal())
    patience = round(_PATIENCE * np.exp(0.6 * rng.standard_normal())) + 1
    if lazy:
        detection, patience = 0.8 * detection, int(rng.integers(1, 3))
    if careless:
        scatter, false = 2.2 * scatter, 5 * false + 0.5
        confusion, credulity = min(0.5, 2.5 * confusion), 3 * credulity
    return name, activity, detection, scatter, false, confusion, credulity, patience


@dataclass(frozen=True, eq=False)
class Sights:
    """N things on a galaxy that may be marked: ``xy`` (N, 2) native pixels.

    ``clarity`` (N,) chance that a perfect volunteer marks it; ``kind`` (N,) of `Kind`;
    ``real`` (N,) whether it is a true source.
    """

    xy: Values
    clarity: Values
    kind: NDArray[np.int64]
    real: NDArray[np.bool_]


def sights(
    image: GalaxyImage,
    xy: Values,
    label: NDArray[np.int64],
    flux: dict[str, Values],
) -> Sights:
    """What can be marked on a galaxy.

    Parameters
    ----------
    xy, label, flux
        True sources: (n, 2) native pixels, (n,) `Label`, band → (n,) nanomaggies.
    """
    clear = np.zeros(len(xy))
    for band, wanted in ((_DETECT_BAND, Label.CLUMP), (_ODD_BAND, Label.ODD)):
        rows = label == wanted
        clear[rows] = _clarity(image, band, xy[rows], flux[band][rows])
    clear[label == Label.ODD] *= _ODD_INTEREST
    clear = clear * _attention(xy, image.shape)
    top = np.argsort(-clear, kind="stable")[:_TRUTH_LIMIT]
    centre = middle_of(image.shape)[None]
    knots, plain = _knots(image, np.concatenate([xy, centre]))
    kind = np.concatenate([label[top], [Kind.BULGE], np.full(len(knots), Kind.NORMAL)])
    return Sights(
        np.concatenate([xy[top], centre, knots]),
        np.concatenate([clear[top], [1.0], _LURE * plain]),
        kind.astype(np.int64),
        np.concatenate([np.ones(len(top), dtype=bool), np.zeros(1 + len(knots), dtype=bool)]),
    )


def _attention(xy: Values, shape: tuple[int, int]) -> Values:
    """Chance to look there: on the host, about a sixth of the field in radius (its R90)."""
    ny, nx = shape
    radius = np.hypot(*(xy - middle_of(shape)).T) * 6 / max(nx, ny)
    attention: Values = expit((1.25 - radius) / 0.12)
    return attention


def _clarity(image: GalaxyImage, band: str, xy: Values, flux: Values) -> Values:
    """Chance to be seen by a perfect eye: rises with signal-to-noise and contrast."""
    plane = image[band]
    sigma = psf_fwhm_px(image, band) / gaussian_sigma_to_fwhm
    ny, nx = image.shape
    col = np.clip(np.rint(xy[:, 0]).astype(int), 0, nx - 1)
    row = np.clip(np.rint(xy[:, 1]).astype(int), 0, ny - 1)
    inside = ((xy > -0.5) & (xy < [nx - 0.5, ny - 0.5])).all(axis=1)
    noise = np.sqrt(4 * np.pi * sigma**2 * np.maximum(plane.variance[row, col], 1e-12))
    smooth = gaussian_filter(plane.data.astype(float), 0.7 * sigma)
    peak = flux / (2 * np.pi * sigma**2)
    beneath = np.maximum(smooth[row, col] - 0.67 * peak, 0.3 * np.sqrt(plane.variance[row, col]))
    snr = np.log(np.maximum(flux / noise, 1e-6) / _CLEAR_SNR)
    contrast = np.log(np.maximum(peak / beneath, 1e-6) / _CLEAR_CONTRAST)
    seen: Values = inside * expit(2.5 * snr) * expit(3.0 * contrast) * 2
    return np.minimum(seen, 1.0)


def _knots(image: GalaxyImage, taken: Values) -> tuple[Values, Values]:
    """Local peaks of the host's light that are no source, and how plain each is, 0 to 1."""
    plane = image[_DETECT_BAND]
    fwhm = psf_fwhm_px(image, _DETECT_BAND)
    sigma = fwhm / gaussian_sigma_to_fwhm
    data = plane.data.astype(float)
    fine, coarse = gaussian_filter(data, sigma), gaussian_filter(data, 3 * sigma)
    excess = (fine - coarse) * 2 * sigma * np.sqrt(np.pi) / np.sqrt(np.median(plane.variance))
    peaks = (excess == maximum_filter(excess, 2 * int(np.ceil(2 * sigma)) + 1)) & (excess > 3)
    row, col = np.nonzero(peaks)
    xy = np.column_stack([col, row]).astype(float)
    apart = np.hypot(*(xy[:, None] - taken[None]).transpose(2, 0, 1)).min(axis=1, initial=np.inf)
    keep = apart > 2 * fwhm
    plain = expit((excess[row, col] - 8) / 2) * _attention(xy, image.shape)
    order = np.argsort(-plain[keep], kind="stable")[:10]
    return xy[keep][order], plain[keep][order]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Marks of one look.

    ``xy`` (n, 2) native pixels; ``kind`` (n,) of the tool taken; ``of`` (n,) number of the sight
    that was marked, -1 for none.
    """

    xy: Values
    kind: NDArray[np.int64]
    of: NDArray[np.int64]


def look(
    seen: Sights,
    who: Population,
    k: int,
    image: GalaxyImage,
    rng: np.random.Generator,
) -> Drawn:
    """What volunteer ``k`` marks on a galaxy."""
    fwhm = psf_fwhm_px(image, _ODD_BAND)
    bulge = seen.kind == Kind.BULGE
    chance = np.where(seen.real, who.detection[k], min(who.credulity[k], 3.0)) * seen.clarity
    chance[bulge] = _BULGE * who.detection[k]
    marked = rng.random(len(chance)) < np.minimum(chance, 1)
    kind = seen.kind.copy()
    other = np.where(kind == Kind.NORMAL, Kind.ODD, Kind.NORMAL)
    # Faint things are confused more often.
    confused = rng.random(len(kind)) < who.confusion[k] * (1.5 - seen.clarity)
    kind = np.where(confused & ~bulge, other, kind)
    as_clump = rng.random(len(kind)) < _BULGE_AS_CLUMP * who.credulity[k]
    marked |= bulge & as_clump
    kind[bulge & as_clump] = Kind.NORMAL
    marked = np.flatnonzero(marked)
    marked = marked[np.argsort(-seen.clarity[marked], kind="stable")]
    clumps = np.cumsum(kind[marked] != Kind.BULGE)
    marked = marked[(clumps <= who.patience[k]) | (kind[marked] == Kind.BULGE)]
    xy = seen.xy[marked] + who.scatter_fwhm[k] * fwhm * rng.standard_normal((len(marked), 2))
    ny, nx = image.shape
    middle = middle_of(image.shape)
    wild = rng.poisson(who.false_marks[k])
    angle, radius = rng.uniform(0, 2 * np.pi, wild), 0.22 * max(nx, ny) * np.sqrt(rng.random(wild))
    stray = middle + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    strays = np.where(rng.random(wild) < 0.7, Kind.NORMAL, Kind.ODD)
    xy = np.concatenate([xy, stray])
    inside = ((xy > -0.5) & (xy < [nx - 0.5, ny - 0.5])).all(axis=1)
    tools = np.concatenate([kind[marked], strays]).astype(np.int64)
    of = np.concatenate([marked, np.full(wild, -1)]).astype(np.int64)
    return Drawn(xy[inside], tools[inside], of[inside])


def looks(
    seen: Sights,
    who: Population,
    count: int,
    image: GalaxyImage,
    rng: np.random.Generator,
) -> dict[int, Drawn]:
    """``count`` different volunteers' marks on a galaxy, drawn by their activity."""
    chosen = rng.choice(len(who.name), count, replace=False, p=who.activity)
    return {int(k): look(seen, who, int(k), image, rng) for k in chosen}


DEEDS = ("looks", "clear", "clear_found", "marks", "false", "squares", "real", "wrong_tool")


def deeds(seen: Sights, drawn: Drawn, fwhm_px: float) -> Values:
    """What a look says of its volunteer, numbers in the order of `DEEDS`.

    One look; clear true sources (clarity above 0.5) and how many of them were marked; marks, and
    how many of them on nothing; squared offsets in PSF-FWHM of marks on something, true source or
    bulge; how many those are; and how many of them were made with the wrong tool.
    """
    clear = np.flatnonzero(seen.real & (seen.clarity > 0.5))
    there = np.append(seen.real | (seen.kind == Kind.BULGE), False)[drawn.of] & (drawn.of >= 0)
    of = drawn.of[there]
    offset = ((drawn.xy[there] - seen.xy[of]) ** 2).sum() / fwhm_px**2
    wrong = (drawn.kind[there] != seen.kind[of]).sum()
    found = np.isin(clear, drawn.of).sum()
    marks = len(drawn.kind)
    numbers = (1, len(clear), found, marks, marks - there.sum(), offset, there.sum(), wrong)
    return np.array(numbers, dtype=float)
