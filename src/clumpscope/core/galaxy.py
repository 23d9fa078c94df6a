"""Images of one galaxy: calibrated bands on one pixel grid, or a bare colour picture."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from functools import cached_property
from types import MappingProxyType

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.band_names import NAMED_SO, alike, is_band_name
from clumpscope.core.frames import middle_of, sky_to_native
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import ImageError, TableError, expected_got

_ID = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}")
_SHOWN = 80  # characters of a bad one


def check_galaxy_id(galaxy_id: str) -> str:
    """Return ``galaxy_id`` if it is safe as a file name (``[A-Za-z0-9._+-]{1,64}``, no dot first).

    Raises
    ------
    TableError
        If it is not.
    """
    if not _ID.fullmatch(galaxy_id):
        raise TableError(
            expected_got(
                "galaxy_id",
                "1 to 64 characters of A-Z a-z 0-9 . _ + -, not starting with a dot",
                repr(galaxy_id[:_SHOWN]) + ("..." if len(galaxy_id) > _SHOWN else ""),
            )
        )
    return galaxy_id


def check_galaxy_ids(ids: Iterable[str], where: object) -> None:
    """See that each row's id is safe as a file name.

    Raises
    ------
    TableError
        If one is not; it names the row, from 1.
    """
    rows: dict[str, int] = {}
    for row, galaxy_id in enumerate(ids, start=1):
        rows.setdefault(galaxy_id, row)
    for galaxy_id, row in rows.items():
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            raise TableError(f"{where}, row {row}: {error}") from error


class MaskBit(IntFlag):
    """Why a pixel is not to be trusted."""

    SATURATED = 1  # includes bleeding trails
    COSMIC_RAY = 2
    NO_DATA = 4  # off the frame, or not finite
    STAR = 8  # a star's light, its halo and spikes included


@dataclass(frozen=True, eq=False)
class BandImage:
    """One calibrated band.

    Attributes
    ----------
    data
        (ny, nx) float32, nanomaggy; rows in stored order.
    variance
        (ny, nx) float32, nanomaggy squared.
    mask
        (ny, nx) uint8 of `MaskBit`; 0 is a good pixel.
    wcs
        Celestial WCS, or ``None`` for an image without one.
    psf_fwhm_arcsec
        Adaptive-moment FWHM of the PSF, arcsec.
    psf
        (k, k) float32, k odd: the PSF sampled on this pixel grid, centred on the middle
        pixel, sum 1; or ``None`` where only the width is known.
    psf_assumed
        True if the PSF was not measured for this image.
    noise_assumed
        True if the variance is an estimate from the blank sky of this very image.
    """

    data: NDArray[np.float32]
    variance: NDArray[np.float32]
    mask: NDArray[np.uint8]
    wcs: WCS | None
    psf_fwhm_arcsec: float
    psf: NDArray[np.float32] | None = None
    psf_assumed: bool = False
    noise_assumed: bool = False

    def __post_init__(self) -> None:
        if self.data.ndim != 2 or 0 in self.data.shape:
            raise ImageError(expected_got("data", "a non-empty 2-D array", self.data.shape))
        for name in ("variance", "mask"):
            shape = getattr(self, name).shape
            if shape != self.data.shape:
                raise ImageError(expected_got(name, f"shape {self.data.shape}", shape))
        if not (np.isfinite(self.psf_fwhm_arcsec) and self.psf_fwhm_arcsec > 0):
            raise ImageError(
                expected_got("psf_fwhm_arcsec", "a positive width", self.psf_fwhm_arcsec)
            )
        if self.psf is not None:
            _check_psf(self.psf)

    @property
    def good(self) -> NDArray[np.bool_]:
        """(ny, nx) True where the pixel can be measured."""
        good: NDArray[np.bool_] = self.mask == 0
        return good

    @cached_property
    def noise(self) -> float:
        """Median noise a pixel where it has data; NaN where it has none."""
        some = (slice(None, None, 6),) * 2  # a sample tells
        variance = self.variance[some][self.mask[some] == 0]
        known = variance[np.isfinite(variance) & (variance > 0)]
        return float(np.sqrt(np.median(known))) if known.size else float("nan")


_PSF_REMEDY = "mend it or leave it out: PSFFWHM alone will do"


def _check_psf(psf: NDArray[np.float32]) -> None:
    if psf.ndim != 2 or psf.shape[0] != psf.shape[1] or psf.shape[0] % 2 == 0:
        raise ImageError(
            expected_got("psf", "a square image with an odd side", psf.shape, _PSF_REMEDY)
        )
    total = float(psf.sum())
    if not np.isfinite(total) or abs(total - 1) > 1e-3:
        raise ImageError(expected_got("psf", "an image of sum 1", total, _PSF_REMEDY))


def check_bands(names: Iterable[str], where: object) -> None:
    """See that bands can be called so, and are told apart where case does not count.

    Raises
    ------
    ImageError
        If they cannot, or are not.
    """
    for name in names:
        if not is_band_name(name):
            raise ImageError(expected_got(f"{where}: band", NAMED_SO, repr(name[:_SHOWN])))
    if both := alike(names):
        raise ImageError(
            expected_got(
                f"{where}: bands",
                "names that differ by more than case, as columns of a table must",
                " ".join(both),
                "rename or leave out one of each; Euclid's are YE, JE and HE",
            )
        )


@dataclass(frozen=True, eq=False)
class GalaxyImage:
    """A galaxy in one or more bands on one pixel grid.

    Attributes
    ----------
    galaxy_id
        Safe id, see `check_galaxy_id`.
    bands
        Name of a band → `BandImage`; all of one shape (unequal shapes are an error). No two names
        differ by case alone.
    ra, dec
        Host position, degrees; NaN where unknown, then the image's centre is meant.
    stars
        (n, 2) native pixels of the field's faint stars, which are fitted with the clumps.
    """

    galaxy_id: str
    bands: Mapping[str, BandImage]
    ra: float = field(default=float("nan"))
    dec: float = field(default=float("nan"))
    stars: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))

    def __post_init__(self) -> None:
        check_galaxy_id(self.galaxy_id)
        if not self.bands:
            raise ImageError(expected_got(self.galaxy_id, "at least one band", "none"))
        check_bands(self.bands, self.galaxy_id)
        shapes = {band: image.data.shape for band, image in self.bands.items()}
        if len(set(shapes.values())) > 1:
            raise ImageError(
                expected_got(
                    self.galaxy_id,
                    "bands on one pixel grid",
                    f"shapes {shapes}",
                    "resample them to the shape of one of them",
                )
            )
        object.__setattr__(self, "bands", MappingProxyType(dict(self.bands)))

    def __getitem__(self, band: str) -> BandImage:
        try:
            return self.bands[band]
        except KeyError:
            raise ImageError(
                expected_got(self.galaxy_id, f"band {band}", f"bands {', '.join(self.bands)}")
            ) from None

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx) of every band."""
        ny, nx = next(iter(self.bands.values())).data.shape
        return int(ny), int(nx)

    @property
    def wcs(self) -> WCS | None:
        """The WCS of the common grid."""
        return next(iter(self.bands.values())).wcs

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """(2,) native x, y of the host: its sky position if on the image, else the middle."""
        ny, nx = self.shape
        middle = middle_of(self.shape)
        if self.wcs is None or not np.isfinite([self.ra, self.dec]).all():
            return middle
        xy = sky_to_native([[self.ra, self.dec]], self.wcs)[0]
        inside = (xy >= -0.5) & (xy <= [nx - 0.5, ny - 0.5])
        return xy if inside.all() else middle

    @cached_property
    def pixscale_arcsec(self) -> float:
        """Pixel side, arcsec (geometric mean of both axes)."""
        if self.wcs is None:
            raise ImageError(
                expected_got(
                    self.galaxy_id,
                    "a WCS",
                    "none",
                    "write CTYPE1, CRVAL1, CRPIX1, CD1_1 and so on into each band's header; "
                    "without one, only a PNG or JPEG can be searched",
                )
            )
        ny, nx = self.shape
        return pixel_side_arcsec(self.wcs, ((nx - 1) / 2, (ny - 1) / 2))


@dataclass(frozen=True, eq=False)
class ColourImage:
    """A bare colour picture: clumps can be found on it, not measured.

    Attributes
    ----------
    galaxy_id
        Safe id.
    pixels
        (ny, nx, 3) float32 in [0, 1], channels red, green, blue, rows as stored.
    pixscale_arcsec
        Pixel side, arcsec.
    psf_fwhm_arcsec
        PSF-FWHM, arcsec.
    psf_assumed
        True if the recipe's default width was taken.
    pixscale_assumed
        True if the recipe's default pixel side was taken.
    """

    galaxy_id: str
    pixels: NDArray[np.float32]
    pixscale_arcsec: float
    psf_fwhm_arcsec: float
    psf_assumed: bool = False
    pixscale_assumed: bool = False

    def __post_init__(self) -> None:
        check_galaxy_id(self.galaxy_id)
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ImageError(
                expected_got(self.galaxy_id, "a (ny, nx, 3) picture", self.pixels.shape)
            )
        for name in ("pixscale_arcsec", "psf_fwhm_arcsec"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ImageError(
                    expected_got(f"{self.galaxy_id} {name}", "a positive number", value)
                )

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])


AnyImage = GalaxyImage | ColourImage


def require_galaxy(image: AnyImage) -> GalaxyImage:
    """Return ``image`` if it can be measured.

    Raises
    ------
    ImageError
        If it is a bare colour picture.
    """
    if isinstance(image, ColourImage):
        raise ImageError(
            expected_got(
                image.galaxy_id,
                "calibrated bands to measure",
                "a colour picture",
                "only FITS images in nanomaggies have fluxes",
            )
        )
    return image
