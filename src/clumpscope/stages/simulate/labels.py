"""Boxes round the sources that volunteers could agree on."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from clumpscope.config.simulate import SimulatedLabelsConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.frames import boxes_native_to_fraction, native_to_sky
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.stages.simulate.sources import Sources

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
    (5, ny, nx) images with all sources, and the pixel variance.
    """
    ny, nx = image.shape
    col = np.rint(xy[:, 0]).astype(int)
    row = np.rint(xy[:, 1]).astype(int)
    inside = (col >= 0) & (col < nx) & (row >= 0) & (row < ny)
    col, row = np.clip(col, 0, nx - 1), np.clip(row, 0, ny - 1)
    band = np.where(sources.label == 1, 1, 2)
    fwhm_px = np.array([image[b].psf_fwhm_arcsec for b in SDSS_BANDS])[band] / image.pixscale_arcsec
    sigma2 = (fwhm_px / 2.3548) ** 2 + (sources.sigma / image.pixscale_arcsec) ** 2
    flux = sources.flux[np.arange(len(sources)), band]
    # A Gaussian covers 4 pi sigma^2 pixels effectively.
    snr = flux / np.sqrt(4 * np.pi * sigma2 * variance[band, row, col])
    peak = flux / (2 * np.pi * sigma2)
    under = np.maximum(light[band, row, col] - peak, 1e-6)
    middle = np.array([(nx - 1) / 2, (ny - 1) / 2])
    radius = np.hypot(*(xy - middle).T) / r90_px
    normal = sources.label == 1
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
    fwhm = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
    boxes, kinds, centres = [], [], []
    if len(index):
        _, group = connected_components(cdist(xy[index], xy[index]) < fwhm, directed=False)
        for g in range(group.max() + 1):
            members = index[group == g]
            weight = sources.flux[members, 1]
            centre = np.average(xy[members], axis=0, weights=weight)
            centres.append(centre)
            boxes.append([*(centre - fwhm), *(centre + fwhm)])
            kinds.append(int(sources.label[members[np.argmax(weight)]]))
    corners = boxes_native_to_fraction(np.array(boxes).reshape(-1, 4), image.shape)
    sky = native_to_sky(np.array(centres).reshape(-1, 2), image.wcs)
    return {
        "galaxy_id": [galaxy_id] * len(kinds),
        "label": np.array(kinds, dtype=int),
        **{name: corners[:, k] for k, name in enumerate(("x1", "y1", "x2", "y2"))},
        "ra": sky[:, 0],
        "dec": sky[:, 1],
    }
