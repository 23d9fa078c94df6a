"""One simulated galaxy: image, host row, truth and training boxes from (seed, galaxy_id)."""

import hashlib
from dataclasses import dataclass

import numpy as np
from astropy.wcs import WCS
from galsim import Image, hsm
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from clumpscope.config import SimulateConfig
from clumpscope.core.frames import boxes_native_to_fraction, native_to_sky
from clumpscope.core.galaxy import SDSS_BANDS, BandImage, GalaxyImage
from clumpscope.simulate.clumps import Sources, draw_clumps
from clumpscope.simulate.hosts import Host, draw_host, paint
from clumpscope.simulate.interlopers import draw_interlopers
from clumpscope.simulate.observe import (
    Conditions,
    draw_conditions,
    expose,
    padded_size,
    psf_images,
    variance,
)

Columns = dict[str, object]

# A source is labelled if a volunteer could see it: above the noise and above the host.
_VISIBLE_SNR = 6.0
_VISIBLE_CONTRAST = 0.2


@dataclass(frozen=True, eq=False)
class SimulatedGalaxy:
    """What is known about one simulated galaxy.

    ``host`` is one row of the host table; ``truth`` and ``labels`` are columns of the tables
    of those names (their ``galaxy_id`` included).
    """

    image: GalaxyImage
    host: Columns
    truth: Columns
    labels: Columns


def galaxy_rng(seed: int, galaxy_id: str) -> np.random.Generator:
    """Random generator of one galaxy, the same in every process and order."""
    digest = hashlib.sha256(galaxy_id.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def simulate_galaxy(galaxy_id: str, config: SimulateConfig, seed: int) -> SimulatedGalaxy:
    """Simulate one galaxy; the same (seed, galaxy_id) gives the same galaxy."""
    rng = galaxy_rng(seed, galaxy_id)
    host = draw_host(rng, config)
    conditions = draw_conditions(rng, config)
    pixscale = config.pixscale_arcsec
    size = _size_px(host, config)
    clumps = draw_clumps(rng, host, config)
    others = draw_interlopers(rng, size * pixscale, config)
    maps = paint(host, padded_size(size), pixscale, rng)
    own_light = expose(maps, host.fluxes, clumps, conditions, size, pixscale)
    light = own_light + expose({}, {}, others, conditions, size, pixscale)
    var = variance(light, conditions, pixscale)
    data = (light + rng.standard_normal(light.shape) * np.sqrt(var)).astype(np.float32)
    wcs = _wcs(rng, size, pixscale, conditions)
    image = _image(galaxy_id, data, var, wcs, conditions, pixscale)
    sources = clumps + others
    total = host.total + clumps.flux.sum(axis=0)
    r90 = _radius(own_light[2], total[2], 0.9) * pixscale
    centre = (size - 1) / 2
    xy = centre + np.column_stack([sources.x, sources.y]) / pixscale
    near = (np.hypot(sources.x, sources.y) < 1.3 * r90) | (sources.label == 1)
    shown = _visible(sources, xy, light, var, image)
    r50 = _radius(own_light[2], total[2], 0.5) * pixscale
    row = {
        **_host_row(host, image, total, var, size, pixscale),
        "galaxy_id": galaxy_id,
        "petro_r50_arcsec": r50,
        "petro_r90_arcsec": r90,
    }
    return SimulatedGalaxy(
        image,
        row,
        _truth(galaxy_id, sources, xy, wcs, total[0], near),
        _labels(galaxy_id, sources, xy, image, shown),
    )


def _size_px(host: Host, config: SimulateConfig) -> int:
    """Side of the cutout: about ``field_r90`` times R90 of an inclined exponential disk."""
    r90 = 3.89 * host.scale_arcsec * np.sqrt((1 + host.axis_ratio**1.3) / 2)
    return int(np.clip(config.field_r90 * r90 / config.pixscale_arcsec, 64, 480))


def _wcs(rng: np.random.Generator, size: int, pixscale: float, conditions: Conditions) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [(size + 1) / 2, (size + 1) / 2]
    wcs.wcs.crval = [rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-0.1, 0.85)))]
    cos_r, sin_r = np.cos(conditions.rotation), np.sin(conditions.rotation)
    turn = np.array([[cos_r, -sin_r], [sin_r, cos_r]]) @ np.diag([conditions.parity, 1])
    wcs.wcs.cd = turn * pixscale / 3600
    wcs.wcs.set()
    return wcs


def _image(
    galaxy_id: str,
    data: NDArray[np.float32],
    var: NDArray[np.float64],
    wcs: WCS,
    conditions: Conditions,
    pixscale: float,
) -> GalaxyImage:
    bands = {}
    for k, (band, psf) in enumerate(zip(SDSS_BANDS, psf_images(conditions, pixscale), strict=True)):
        moments = hsm.FindAdaptiveMom(Image(psf.astype(float)))
        bands[band] = BandImage(
            data=data[k],
            variance=var[k].astype(np.float32),
            mask=np.zeros(data[k].shape, dtype=np.uint8),
            wcs=wcs,
            psf_fwhm_arcsec=float(np.sqrt(8 * np.log(2)) * moments.moments_sigma * pixscale),
            psf=psf,
        )
    ra, dec = wcs.wcs.crval
    return GalaxyImage(galaxy_id, bands, float(ra), float(dec))


def _radius(image: NDArray[np.float64], total: float, share: float) -> float:
    """Radius in pixels of the circle about the centre that holds ``share`` of ``total``."""
    n = image.shape[0]
    axis = np.arange(n) - (n - 1) / 2
    radius = np.hypot(*np.meshgrid(axis, axis)).ravel()
    order = np.argsort(radius)
    growth = np.cumsum(image.ravel()[order])
    return float(radius[order][min(np.searchsorted(growth, share * total), n * n - 1)])


def _visible(
    sources: Sources,
    xy: NDArray[np.float64],
    light: NDArray[np.float64],
    var: NDArray[np.float64],
    image: GalaxyImage,
) -> NDArray[np.bool_]:
    """(N,) whether a source stands out in g (clumps) or r (odd ones)."""
    ny, nx = image.shape
    col = np.rint(xy[:, 0]).astype(int)
    row = np.rint(xy[:, 1]).astype(int)
    inside = (col >= 0) & (col < nx) & (row >= 0) & (row < ny)
    col, row = np.clip(col, 0, nx - 1), np.clip(row, 0, ny - 1)
    band = np.where(sources.label == 1, 1, 2)
    fwhm_px = np.array([image[b].psf_fwhm_arcsec for b in SDSS_BANDS])[band] / image.pixscale_arcsec
    sigma2 = (fwhm_px / 2.3548) ** 2 + (sources.sigma / image.pixscale_arcsec) ** 2
    area = 4 * np.pi * sigma2  # effective pixels of a Gaussian
    flux = sources.flux[np.arange(len(sources)), band]
    snr = flux / np.sqrt(area * var[band, row, col])
    peak = flux / (2 * np.pi * sigma2)
    under = np.maximum(light[band, row, col] - peak, 1e-6)
    shown: NDArray[np.bool_] = inside & (snr > _VISIBLE_SNR) & (peak / under > _VISIBLE_CONTRAST)
    return shown


def _truth(
    galaxy_id: str,
    sources: Sources,
    xy: NDArray[np.float64],
    wcs: WCS,
    total_u: float,
    keep: NDArray[np.bool_],
) -> Columns:
    index = np.flatnonzero(keep)
    sky = native_to_sky(xy[index], wcs)
    flux = sources.flux[index]
    return {
        "galaxy_id": [galaxy_id] * len(index),
        "clump_id": np.arange(1, len(index) + 1),
        "ra": sky[:, 0],
        "dec": sky[:, 1],
        "x": xy[index, 0],
        "y": xy[index, 1],
        "label": sources.label[index],
        "flux_ratio_u": flux[:, 0] / total_u,
        **{f"flux_{band}": flux[:, k] for k, band in enumerate(SDSS_BANDS)},
    }


def _labels(
    galaxy_id: str,
    sources: Sources,
    xy: NDArray[np.float64],
    image: GalaxyImage,
    shown: NDArray[np.bool_],
) -> Columns:
    """Square boxes of side two PSF-FWHM; sources closer than one FWHM share a box."""
    index = np.flatnonzero(shown)
    fwhm = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
    boxes, labels, centres = [], [], []
    if len(index):
        _, group = connected_components(cdist(xy[index], xy[index]) < fwhm, directed=False)
        for g in range(group.max() + 1):
            members = index[group == g]
            weight = sources.flux[members, 1]
            centre = np.average(xy[members], axis=0, weights=weight)
            centres.append(centre)
            boxes.append([*(centre - fwhm), *(centre + fwhm)])
            labels.append(int(sources.label[members[np.argmax(weight)]]))
    corners = boxes_native_to_fraction(np.array(boxes).reshape(-1, 4), image.shape)
    sky = native_to_sky(np.array(centres).reshape(-1, 2), image.wcs)
    return {
        "galaxy_id": [galaxy_id] * len(labels),
        "label": np.array(labels, dtype=int),
        **{name: corners[:, k] for k, name in enumerate(("x1", "y1", "x2", "y2"))},
        "ra": sky[:, 0],
        "dec": sky[:, 1],
    }


def _host_row(
    host: Host,
    image: GalaxyImage,
    total: NDArray[np.float64],
    var: NDArray[np.float64],
    size: int,
    pixscale: float,
) -> Columns:
    area = np.pi * (3 * host.scale_arcsec / pixscale) ** 2
    absolute = -2.5 * np.log10(total[2]) + 22.5 - 5 * np.log10(host.redshift * 3e5 / 70 * 1e5)
    g_r = -2.5 * np.log10(total[1] / total[2])
    # Mass to light in r after Bell et al. 2003, with the Sun at r = 4.65.
    log_mass = -0.306 + 1.097 * g_r - 0.4 * (absolute - 4.65)
    errors = np.sqrt(np.median(var, axis=(1, 2)) * area)
    return {
        "ra": image.ra,
        "dec": image.dec,
        "redshift": host.redshift,
        "axis_ratio": host.axis_ratio,
        "position_angle_deg": _position_angle(host, image.wcs),
        "ebv": 0.0,
        "log_mass": float(log_mass),
        "log_ssfr": float(-9.6 - 1.6 * (g_r - 0.3)),
        "pixscale_arcsec": pixscale,
        "field_arcsec": size * pixscale,
        **{f"petro_flux_{b}": float(total[k]) for k, b in enumerate(SDSS_BANDS)},
        **{f"petro_flux_err_{b}": float(errors[k]) for k, b in enumerate(SDSS_BANDS)},
        **{f"psf_fwhm_{b}": image[b].psf_fwhm_arcsec for b in SDSS_BANDS},
    }


def _position_angle(host: Host, wcs: WCS | None) -> float:
    """Position angle of the major axis, degrees east of north in [0, 180)."""
    if wcs is None:
        return float("nan")
    along = wcs.wcs.cd @ np.array([np.cos(host.position_angle), np.sin(host.position_angle)])
    return float(np.degrees(np.arctan2(along[0], along[1])) % 180)


__all__ = ["SimulatedGalaxy", "galaxy_rng", "simulate_galaxy"]
