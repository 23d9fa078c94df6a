"""Small synthetic scenes of exactly known content, fast to draw.

Point sources are Gaussians sampled at pixel centres: the *effective* PSF, pixel included, is
the Gaussian of the given FWHM, as the adaptive-moment FWHM of a real image has it.
"""

from collections.abc import Mapping, Sequence

import galsim
import numpy as np
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.boxes import Boxes
from clumpscope.core.frames import boxes_native_to_fraction, native_to_sky
from clumpscope.core.galaxy import BandImage, GalaxyImage

PIXSCALE = 0.396
FWHM = 1.3
FWHM_PX = FWHM / PIXSCALE
SKY_SIGMA = 0.02  # nanomaggy a pixel, about that of SDSS in r


def make_wcs(
    shape: tuple[int, int] = (100, 100),
    pixscale_arcsec: float = PIXSCALE,
    rotation_deg: float = 0.0,
    flip: bool = False,
    radec: tuple[float, float] = (150.0, 20.0),
) -> WCS:
    """Tangent-plane WCS centred on the image; north up, east left unless turned or flipped."""
    ny, nx = shape
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = radec
    wcs.wcs.crpix = [(nx + 1) / 2, (ny + 1) / 2]
    angle = np.deg2rad(rotation_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wcs.wcs.cd = np.diag([1.0 if flip else -1.0, 1.0]) @ rotation * pixscale_arcsec / 3600
    wcs.wcs.set()
    return wcs


def point_sources(
    shape: tuple[int, int], xy: ArrayLike, flux: ArrayLike, fwhm_px: float
) -> NDArray[np.float64]:
    """Gaussians of total ``flux`` at native pixels ``xy`` (N, 2)."""
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    sigma = fwhm_px / np.sqrt(8 * np.log(2))
    columns, rows = (
        np.exp(-0.5 * ((np.arange(n) - centre[:, None]) / sigma) ** 2)
        for n, centre in ((shape[1], xy[:, 0]), (shape[0], xy[:, 1]))
    )
    weights = np.broadcast_to(flux, len(xy)) / (2 * np.pi * sigma**2)
    return np.einsum("n,ny,nx->yx", weights, rows, columns)


def disk(
    shape: tuple[int, int],
    flux: float,
    scale_px: float,
    axis_ratio: float = 1.0,
    angle_deg: float = 0.0,
) -> NDArray[np.float64]:
    """Exponential disk of total ``flux`` at the image's centre, not convolved with a PSF."""
    y, x = np.indices(shape) - (np.array(shape)[:, None, None] - 1) / 2
    angle = np.deg2rad(angle_deg)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = (y * np.cos(angle) - x * np.sin(angle)) / axis_ratio
    radius = np.hypot(along, across) / scale_px
    return flux / (2 * np.pi * scale_px**2 * axis_ratio) * np.exp(-radius)


def galaxy(
    galaxy_id: str = "g1",
    shape: tuple[int, int] = (100, 100),
    xy: ArrayLike = (),
    flux: float | Mapping[str, ArrayLike] | ArrayLike = 10.0,
    host_flux: float = 100.0,
    scale_px: float = 8.0,
    level: float = 0.0,
    fwhm_arcsec: float | Mapping[str, float] = FWHM,
    sky_sigma: float = SKY_SIGMA,
    bands: Sequence[str] = SDSS_BANDS,
    wcs: WCS | None = None,
    noise: bool = True,
    seed: int = 0,
) -> GalaxyImage:
    """A disk with point sources (clumps) on a flat ``level``; variance is the true one.

    ``flux`` is that of each clump in every band, or of each band; host and clumps are the
    same in all bands but for that. ``noise=False`` leaves the noise out, not the variance.
    """
    rng = np.random.default_rng(seed)
    wcs = make_wcs(shape) if wcs is None else wcs
    host = disk(shape, host_flux, scale_px) if host_flux else np.zeros(shape)
    planes = {}
    for band in bands:
        fwhm = fwhm_arcsec[band] if isinstance(fwhm_arcsec, Mapping) else fwhm_arcsec
        of_band = flux[band] if isinstance(flux, Mapping) else flux
        data = level + host + point_sources(shape, xy, of_band, fwhm / PIXSCALE)
        if noise:
            data = data + rng.normal(0, sky_sigma, shape)
        planes[band] = BandImage(
            data=data.astype(np.float32),
            variance=np.full(shape, sky_sigma**2, dtype=np.float32),
            mask=np.zeros(shape, dtype=np.uint8),
            wcs=wcs,
            psf_fwhm_arcsec=fwhm,
        )
    ra, dec = native_to_sky([[(shape[1] - 1) / 2, (shape[0] - 1) / 2]], wcs)[0]
    return GalaxyImage(galaxy_id, planes, float(ra), float(dec))


def boxes_at(
    xy: ArrayLike,
    shape: tuple[int, int],
    side_px: float = 2 * FWHM_PX,
    scores: ArrayLike = 0.9,
    labels: ArrayLike = 1,
) -> Boxes:
    """Square boxes, fractions of an image of ``shape``, centred on native pixels ``xy``."""
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    n = len(xy)
    scores = np.broadcast_to(np.asarray(scores, dtype=float), n)
    labels = np.broadcast_to(np.asarray(labels), n)
    probabilities = np.zeros((n, 3))
    probabilities[np.arange(n), labels] = scores
    probabilities[:, 0] = 1 - scores
    corners = np.hstack([xy - side_px / 2, xy + side_px / 2])
    return Boxes.of(boxes_native_to_fraction(corners, shape), labels, scores, probabilities)


def moffat_psf(fwhm_px: float, beta: float, side: int) -> NDArray[np.float32]:
    """A round Moffat profile, integrated over pixels: (side, side), centred, sum 1."""
    image = galsim.Moffat(beta, fwhm=fwhm_px).drawImage(nx=side, ny=side, scale=1.0).array
    return (image / image.sum(dtype=float)).astype(np.float32)
