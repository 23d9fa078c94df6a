"""What is known of one galaxy and does not change while people vet it."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import middle_of, native_to_sky, sky_to_native
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage, MaskBit
from clumpscope.errors import ImageError
from clumpscope.ops.border import border
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.outline import outline_of
from clumpscope.stages.catalogue.places import kpc_per_arcsec
from clumpscope.vet.links import viewers

_STEP_DEG = 1e-4  # of the offsets that tell north and east

Thing = TypeVar("Thing")


class Lately(Generic[Thing]):
    """The last few things that were made, by name; each is made once, however many ask at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[int, Thing] = OrderedDict()
        self._making: dict[int, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: int, make: Callable[[int], Thing]) -> Thing:
        """The thing of that name.

        Raises
        ------
        ClumpscopeError
            What ``make`` raises.
        """
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._found:
                    return self._found[key]
            try:
                made = make(key)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._found[key] = made
                while len(self._found) > self._most:
                    self._found.popitem(last=False)
        return made


@dataclass(frozen=True)
class Facts:
    """Of a galaxy: its shape (ny, nx), and all else as JSON has it."""

    shape: tuple[int, int]
    told: dict[str, Any]


def facts(image: AnyImage, recipe: Recipe, redshift: float) -> Facts:
    """What there is to say of a galaxy's image, its outline and marks in native pixels.

    Parameters
    ----------
    redshift
        Of the host; NaN unknown.
    """
    ny, nx = image.shape
    ra, dec = _place(image)
    pixscale = _pixscale(image)
    kpc = float(kpc_per_arcsec(np.array([redshift]))[0])
    north, flipped = _turn(image)
    try:
        width = psf_fwhm_px(image)
        outline = border(outline_of(image, recipe.refine))
    except ImageError:  # no WCS: no scale
        width, outline = math.nan, []
    return Facts(
        shape=(ny, nx),
        told={
            "id": image.galaxy_id,
            "ra": ra,
            "dec": dec,
            "redshift": redshift,
            "shape": [ny, nx],
            "pixscale_arcsec": pixscale,
            "kpc_per_arcsec": kpc,
            "north_deg": north,
            "flipped": flipped,
            "bands": [] if isinstance(image, ColourImage) else list(image.bands),
            "psf_fwhm_arcsec": width * pixscale,
            "links": viewers(ra, dec, max(ny, nx) * pixscale / 3600),
            "outline": outline,
            "masked": _masked(image),
            "stars": _stars(image, width),
            "aperture_px": recipe.measure.aperture_fwhm * width,
            "sky": _sky(image),
            "downward": isinstance(image, ColourImage),
        },
    )


def _place(image: AnyImage) -> tuple[float, float]:
    """Sky position of the host, or else of the image's middle; NaN unknown."""
    if isinstance(image, ColourImage):
        return math.nan, math.nan
    if math.isfinite(image.ra) and math.isfinite(image.dec):
        return image.ra, image.dec
    ra, dec = native_to_sky(middle_of(image.shape), image.wcs)[0].tolist()
    return ra, dec


def _pixscale(image: AnyImage) -> float:
    try:
        return image.pixscale_arcsec
    except ImageError:
        return math.nan


def _turn(image: AnyImage) -> tuple[float, bool]:
    """Angle of north from the direction of columns, towards falling x; whether east is mirrored."""
    if isinstance(image, ColourImage) or image.wcs is None:
        return math.nan, False
    middle = middle_of(image.shape)
    here = native_to_sky(middle, image.wcs)[0]
    aside = _STEP_DEG / np.cos(np.radians(here[1]))
    there = sky_to_native(here + np.array([[0, _STEP_DEG], [aside, 0]]), image.wcs)
    (nx, ny), (ex, ey) = (there - middle).tolist()
    return math.degrees(math.atan2(-nx, ny)), bool(nx * ey - ny * ex < 0)


def _sky(image: AnyImage) -> dict[str, list[Any]] | None:
    """The tangent plane at the image's middle: its place, its pixel, degrees a pixel (2, 2).

    Rows of the matrix are towards rising right ascension and declination, columns along x and y.
    """
    if isinstance(image, ColourImage) or image.wcs is None:
        return None
    middle = np.asarray(middle_of(image.shape), dtype=float).reshape(2)
    around = middle + [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]
    (here, *there) = native_to_sky(around, image.wcs)
    if not np.isfinite(there).all():
        return None
    steps = np.array([there[0] - there[1], there[2] - there[3]]) / 2
    steps[:, 0] = (steps[:, 0] + 90) % 180 - 90  # over 0 h
    steps[:, 0] *= np.cos(np.radians(here[1]))
    return {"crval": here.tolist(), "crpix": middle.tolist(), "cd": steps.T.tolist()}


def _masked(image: AnyImage) -> list[list[tuple[float, float]]]:
    """Lines around stars that are masked in any band."""
    if isinstance(image, ColourImage):
        return []
    masked = np.zeros(image.shape, dtype=bool)
    for plane in image.bands.values():
        masked |= (plane.mask & MaskBit.STAR) > 0
    return border(masked)


def _stars(image: AnyImage, fwhm_px: float) -> list[list[float]]:
    """x, y and radius of faint stars, native pixels."""
    if not isinstance(image, GalaxyImage):
        return []
    return [[x, y, fwhm_px] for x, y in np.asarray(image.stars).tolist()]
