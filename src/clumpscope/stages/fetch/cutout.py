"""Galaxies out of a field's frames: cutouts in its bands on one grid, PSFs and a host table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clumpscope.config.fetch import FetchConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import BandImage, GalaxyImage, MaskBit
from clumpscope.core.records import hosts_in
from clumpscope.core.schema import BLANK
from clumpscope.core.stars import Stars
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.stars import host_is_star, in_halo, seen_from, with_stars
from clumpscope.stages.fetch.band import Band
from clumpscope.stages.fetch.measures import HostShape, fluxes, measure_host
from clumpscope.stages.fetch.resample import Grid, cut, fit_affine, resample
from clumpscope.stages.fetch.stars import stars_near
from clumpscope.stages.fetch.targets import Target

STAGE = "fetch"
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

    Raises
    ------
    FrameError
        If the galaxy is off the grid band's frame, or the PSF has no width.
    """
    own = bands[grid_band]
    frame = own.frame
    x, y = (float(value) for value in sky_to_native([target.ra, target.dec], frame.wcs)[0])
    ny, nx = frame.data.shape
    if not (-0.5 <= x <= nx - 0.5 and -0.5 <= y <= ny - 0.5):
        raise FrameError(expected_got("target", f"a position on {frame.path}", f"pixel {x, y}"))
    pixscale = _pixscale(frame.path, own)
    fwhm = own.psf.at(y, x).fwhm_px * pixscale
    seen = seen_from(stars, target.ra, target.dec, fwhm)
    shape = None
    if measured(bands) - set(target.known):
        shape = measure_host(own, x, y, seen, config.max_size_arcsec / pixscale)
    r90 = target.known.get(
        "petro_r90_arcsec", np.nan if shape is None else shape.petrosian.r90 * pixscale
    )
    side = _side(r90, config, size_arcsec, pixscale)
    # Fluxes may need more sky than the cutout holds.
    grid = Grid.centred(frame.wcs, x, y, side if shape is None else max(side, shape.side_px))
    planes = {name: on_grid(band, grid, own=band is own) for name, band in bands.items()}
    image = GalaxyImage(
        target.galaxy_id,
        {band: _trimmed(plane, grid, side) for band, plane in planes.items()},
        target.ra,
        target.dec,
    )
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


def on_grid(band: Band, grid: Grid, *, own: bool) -> BandImage:
    """One band on a window of a frame: cut if that is its ``own``, else resampled."""
    frame = band.frame
    ny, nx = grid.shape
    middle = native_to_sky([(nx - 1) / 2, (ny - 1) / 2], grid.wcs)
    col, row = (float(value) for value in sky_to_native(middle, frame.wcs)[0])
    if own:
        data = cut(frame.data, grid, 0.0)
        variance = cut(frame.variance, grid, 0.0)
        mask = cut(band.mask, grid, float(MaskBit.NO_DATA))
    else:
        matrix, offset = fit_affine(grid.wcs, grid.shape, frame.wcs)
        data, variance, mask = resample(
            frame.data, frame.variance, band.mask, matrix, offset, grid.shape
        )
    psf = band.psf.at(row, col)
    pixscale = _pixscale(frame.path, band)
    return BandImage(
        data=data.astype(np.float32),
        variance=variance.astype(np.float32),
        mask=mask.astype(np.uint8),
        wcs=grid.wcs,
        psf_fwhm_arcsec=psf.fwhm_px * pixscale,
        psf=psf.image,
        psf_assumed=psf.assumed,
    )


def _pixscale(path: Path, band: Band) -> float:
    """Pixel side of a frame, arcsec."""
    area = abs(float(np.linalg.det(band.frame.wcs.pixel_scale_matrix)))
    if not area > 0:
        raise FrameError(expected_got(f"{path} CD", "a matrix that can be inverted", area))
    return float(np.sqrt(area) * 3600)


def _side(r90: float, config: FetchConfig, size_arcsec: float | None, pixscale: float) -> int:
    """Side of the cutout, pixels: odd, so that the target lies in the middle pixel."""
    size = size_arcsec
    if size is None:
        size = config.field_r90 * r90 if np.isfinite(r90) else config.min_size_arcsec
        size = min(max(size, config.min_size_arcsec), config.max_size_arcsec)
    return 2 * round((size / pixscale - 1) / 2) + 1 if size > pixscale else 1


def _trimmed(plane: BandImage, grid: Grid, side: int) -> BandImage:
    inner = grid.inner(side)
    wcs = grid.wcs
    if side != grid.shape[0]:
        wcs = wcs.deepcopy()
        wcs.wcs.crpix = wcs.wcs.crpix - [inner[1].start, inner[0].start]
        wcs.wcs.set()
    return BandImage(
        data=np.ascontiguousarray(plane.data[inner]),
        variance=np.ascontiguousarray(plane.variance[inner]),
        mask=np.ascontiguousarray(plane.mask[inner]),
        wcs=wcs,
        psf_fwhm_arcsec=plane.psf_fwhm_arcsec,
        psf=plane.psf,
        psf_assumed=plane.psf_assumed,
    )


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
    row["field_arcsec"] = image.shape[0] * pixscale
    for band, plane in image.bands.items():
        row[f"psf_fwhm_{band}"] = plane.psf_fwhm_arcsec
    return row
