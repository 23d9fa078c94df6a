"""Boxes round the sources that volunteers could agree on."""

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from clumpscope.config.simulate import SimulatedLabelsConfig
from clumpscope.core.box_tables import corner_columns
from clumpscope.core.frames import boxes_native_to_fraction, middle_of, native_to_sky
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.stages.simulate.sources import G, R, Sources

Columns = dict[str, object]

_STEEP = 6.0  # odds of seeing grow with this power of signal-to-noise and contrast


def visibility(
    sources: Sources,
    xy: NDArray[np.float64],
    light: NDArray[np.float64],
    variance: NDArray[np.float64],
    image: GalaxyImage,
    r90_px: float,
    config: SimulatedLabelsConfig,
) -> NDArray[np.float64]:
    """(N,) share of volunteers who would mark a source.

    Clumps are seen in g, odd ones in r. ``light`` and ``variance`` are the noise-free
    (B, ny, nx) images with all sources, and the pixel variance.
    """
    ny, nx = image.shape
    col = np.rint(xy[:, 0]).astype(int)
    row = np.rint(xy[:, 1]).astype(int)
    inside = (col >= 0) & (col < nx) & (row >= 0) & (row < ny)
    col, row = np.clip(col, 0, nx - 1), np.clip(row, 0, ny - 1)
    normal = sources.label == 1
    band = np.where(normal, G, R)
    fwhm_px = np.where(normal, psf_fwhm_px(image, "g"), psf_fwhm_px(image, "r"))
    sigma2 = (fwhm_px / gaussian_sigma_to_fwhm) ** 2 + (sources.sigma / image.pixscale_arcsec) ** 2
    flux = sources.flux[np.arange(len(sources)), band]
    # A Gaussian covers 4 pi sigma^2 pixels effectively.
    snr = flux / np.sqrt(4 * np.pi * sigma2 * variance[band, row, col])
    peak = flux / (2 * np.pi * sigma2)
    under = np.maximum(light[band, row, col] - peak, 1e-6)
    radius = np.hypot(*(xy - middle_of(image.shape)).T) / r90_px
    rival = config.rival * snr.max(initial=0, where=normal & inside)
    odds = (snr / config.snr) ** -_STEEP + (peak / under / config.contrast) ** -_STEEP
    far = radius / config.odd_reach_r90
    odds += np.where(normal, rival / snr, far) ** _STEEP
    share: NDArray[np.float64] = inside * np.where(normal, 1.0, config.odd) / (1 + odds)
    return share


def labels(
    galaxy_id: str,
    sources: Sources,
    xy: NDArray[np.float64],
    image: GalaxyImage,
    shown: NDArray[np.bool_],
) -> Columns:
    """Square boxes of side two r PSF-FWHM; shown sources closer than one FWHM share a box."""
    index = np.flatnonzero(shown)
    fwhm = psf_fwhm_px(image, "r")
    boxes, kinds, centres = [], [], []
    if len(index):
        _, group = connected_components(cdist(xy[index], xy[index]) < fwhm, directed=False)
        for g in range(group.max() + 1):
            members = index[group == g]
            weight = sources.flux[members, G]
            centre = np.average(xy[members], axis=0, weights=weight)
            centres.append(centre)
            boxes.append([*(centre - fwhm), *(centre + fwhm)])
            kinds.append(int(sources.label[members[np.argmax(weight)]]))
    fractions = boxes_native_to_fraction(np.array(boxes).reshape(-1, 4), image.shape)
    sky = native_to_sky(np.array(centres).reshape(-1, 2), image.wcs)
    return {
        "galaxy_id": [galaxy_id] * len(kinds),
        "label": np.array(kinds, dtype=int),
        **corner_columns(fractions),
        "ra": sky[:, 0],
        "dec": sky[:, 1],
    }
