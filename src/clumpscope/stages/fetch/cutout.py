"""Galaxies out of a field's frames: cutouts in its bands on one grid, PSFs and a host table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.core.field import Band
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import sky_to_native
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.core.records import hosts_in
from clumpscope.core.schema import BLANK
from clumpscope.core.stars import Stars
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.on_window import on_window, pixel_side, trimmed
from clumpscope.ops.psf import normalised
from clumpscope.ops.stars import host_is_star, in_halo, seen_from, with_stars
from clumpscope.ops.window import Window
from clumpscope.stages.fetch.measures import HostShape, fluxes, measure_host
from clumpscope.stages.fetch.stars import stars_near
from clumpscope.stages.fetch.targets import Target

STAGE = "fetch"
_RIM = 1e-3  # of a PSF's light, that a rim may hold which is cut off
_SHAPE = ("petro_r50_arcsec", "petro_r90_arcsec", "axis_ratio", "position_angle_deg")


@dataclass(frozen=True, eq=False)
class Fetched:
    """One galaxy: its image, its row of the host table, the stars whose light reaches it.

    The row has all columns of `hosts_in` its bands.
    """

    image: GalaxyImage
    host: dict[str, object]
    stars: Stars


@dataclass(frozen=True)
class FetchFailure:
    """One galaxy that could not be fetched: a row of the failures table."""

    galaxy_id: str
    stage: str
    error: str


def measured(bands: Iterable[str]) -> set[str]:
    """Columns of the host table that are measured where a target list lacks one of them."""
    return {*_SHAPE, *(f"petro_flux{kind}_{band}" for band in bands for kind in ("", "_err"))}


def cut_galaxy(
    target: Target,
    bands: Mapping[str, Band],
    grid_band: str,
    stars: Stars,
    config: FetchConfig,
    size_arcsec: float | None = None,
    *,
    whole: bool = False,
    limits: LimitsConfig = LIMITS,
) -> Fetched:
    """Cut one galaxy out of a field's bands and fill in its row of the host table.

    The grid band is cut on its own pixels, the others are resampled onto them. Petrosian radii,
    fluxes, axis ratio and position angle are measured where the target list gives none.

    Parameters
    ----------
    target
        The galaxy.
    bands
        Bands of the field that holds it, in the image's order.
    grid_band
        Whose pixels are kept and in which the host is measured.
    stars
        Of the field.
    config
        Limits of the side.
    size_arcsec
        Side; else from R90 within the limits.
    whole
        Whether the image is the whole frame of the grid band, as it is.
    limits
        Of the image and its PSF.

    Raises
    ------
    FrameError
        If the galaxy is off the grid band's frame, the PSF has no width, or the image is larger
        than allowed.
    """
    own = bands[grid_band]
    frame = own.frame
    x, y = (float(value) for value in sky_to_native([target.ra, target.dec], frame.wcs)[0])
    ny, nx = frame.data.shape
    if not (-0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5):
        raise FrameError(expected_got("target", f"a position on {frame.path}", f"pixel {x, y}"))
    if whole:
        _check_pixels(nx, ny, limits)
    pixscale = pixel_side(own, x, y)
    if size_arcsec is not None:
        _check_pixels(size_arcsec / pixscale, size_arcsec / pixscale, limits)
    fwhm = own.psf.at(y, x).fwhm_px * pixscale
    seen = seen_from(stars, target.ra, target.dec, fwhm)
    shape = None
    if measured(bands) - set(target.known):
        shape = measure_host(own, x, y, seen, config.max_size_arcsec / pixscale)
    r90 = target.known.get(
        "petro_r90_arcsec", np.nan if shape is None else shape.petrosian.r90 * pixscale
    )
    side = _side(r90, config, size_arcsec, pixscale)
    if not whole:
        _check_pixels(side, side, limits)
    # Fluxes may need more sky than the cutout holds.
    grid = Window.centred(frame.wcs, x, y, side if shape is None else max(side, shape.side_px))
    planes = {name: on_window(band, grid, own=band is own) for name, band in bands.items()}
    if whole:
        every = Window.whole(frame.wcs, frame.data.shape)
        kept = {name: on_window(band, every, own=band is own) for name, band in bands.items()}
    else:
        kept = {band: trimmed(plane, grid, side) for band, plane in planes.items()}
    kept = {band: _with_psf_within(plane, limits, band) for band, plane in kept.items()}
    image = GalaxyImage(target.galaxy_id, kept, target.ra, target.dec)
    row = _host_row(target, image, planes, shape, pixscale)
    row["flags"] = int(_host_flags(image, stars, shape))
    return Fetched(with_stars(image, stars), row, stars_near(seen, image))


def _host_flags(image: GalaxyImage, stars: Stars, shape: HostShape | None) -> ClumpFlag:
    """What is doubtful of a host as a whole."""
    flags = ClumpFlag(0)
    if host_is_star(image):
        flags |= ClumpFlag.HOST_IS_STAR
    if shape is not None and shape.crowded:
        flags |= ClumpFlag.HOST_CROWDED
    if in_halo(stars, image.ra, image.dec):
        flags |= ClumpFlag.NEAR_STAR
    return flags


def _check_pixels(width: float, height: float, limits: LimitsConfig) -> None:
    if not width * height <= limits.cutout_px:
        most = f"at most {limits.cutout_px} px ([limits] cutout_px)"
        got = f"{width:.0f} × {height:.0f} px"
        raise FrameError(expected_got("cutout", most, got, "say a smaller one: --size"))


def _with_psf_within(plane: BandImage, limits: LimitsConfig, band: str) -> BandImage:
    """The band with a PSF that is no larger than allowed: rims with no light to speak of go."""
    if plane.psf is None or len(plane.psf) <= limits.psf_px:
        return plane
    inset = (len(plane.psf) - limits.psf_px + 1) // 2
    inner = plane.psf[inset:-inset, inset:-inset]
    if not abs(inner.sum() - 1) <= _RIM:
        most = f"at most {limits.psf_px} px a side ([limits] psf_px)"
        raise FrameError(expected_got(f"band {band} PSF", most, f"{len(plane.psf)} px"))
    return replace(plane, psf=normalised(inner))


def _side(r90: float, config: FetchConfig, size_arcsec: float | None, pixscale: float) -> int:
    """Side of the cutout, pixels: odd, so that the target lies in the middle pixel."""
    size = size_arcsec
    if size is None:
        size = config.field_r90 * r90 if np.isfinite(r90) else config.min_size_arcsec
        size = min(max(size, config.min_size_arcsec), config.max_size_arcsec)
    return 2 * round((size / pixscale - 1) / 2) + 1 if size > pixscale else 1


def _host_row(
    target: Target,
    image: GalaxyImage,
    planes: dict[str, BandImage],
    shape: HostShape | None,
    pixscale: float,
) -> dict[str, object]:
    """The galaxy's row of the host table: measured, then what the list gave over it."""
    row: dict[str, object] = {spec.name: BLANK[spec.dtype] for spec in hosts_in(image.bands)}
    if shape is not None:
        row["petro_r50_arcsec"] = shape.petrosian.r50 * pixscale
        row["petro_r90_arcsec"] = shape.petrosian.r90 * pixscale
        row["axis_ratio"] = shape.axis_ratio
        row["position_angle_deg"] = shape.position_angle_deg
        for band, (flux, error) in fluxes(planes, shape).items():
            row[f"petro_flux_{band}"] = flux
            row[f"petro_flux_err_{band}"] = error
    row.update(target.known)
    row["galaxy_id"] = target.galaxy_id
    row["pixscale_arcsec"] = pixscale
    row["field_arcsec"] = max(image.shape) * pixscale
    for band, plane in image.bands.items():
        row[f"psf_fwhm_{band}"] = plane.psf_fwhm_arcsec
    return row
