"""Simulated clumps put into a given cutout, real or simulated, with its own PSF and noise."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy import fft, ndimage

from clumpscope.config.run import RefineConfig
from clumpscope.config.simulate import ClumpsConfig, SimulateConfig
from clumpscope.core.bands import bands_of
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import host_centre, psf_fwhm_px, reference_band
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.psf import gaussian_psf
from clumpscope.stages.simulate.clumps import clump_fluxes, flux_ratios
from clumpscope.stages.simulate.labels import labels, visibility
from clumpscope.stages.simulate.light import scattered
from clumpscope.stages.simulate.sources import Sources, U
from clumpscope.stages.simulate.survey import SimulatedGalaxy, galaxy_rng, truth

Map = NDArray[np.float64]

_PAD = 8  # px of zeros around a PSF while it is shifted
_NUCLEUS_FWHM = 1.0  # no clump nearer to the host's centre


def inject(
    image: GalaxyImage,
    host: Mapping[str, object],
    config: SimulateConfig,
    outline_config: RefineConfig,
    seed: int,
) -> SimulatedGalaxy:
    """Add simulated clumps to a galaxy of which ``host`` is the row of the host table.

    The new image has u, g, r and the bands of which the row has a ``petro_flux``, known or not.
    Ratios are of the host's u flux with the new clumps; where the row gives none, of the u light
    inside the host's outline. Clumps lie inside the outline, more of them where it is bright. Each
    band's own PSF image is used (a Gaussian of its width without one), and photon noise is added at
    the gain that the variance plane tells.

    Returns
    -------
    The new image, host row, truth and labels; the same for the same (seed, image, host).

    Raises
    ------
    ImageError
        If one of these bands or the WCS is missing, or the host has no outline or u flux.
    """
    bands = tuple(dict.fromkeys(("u", "g", "r", *bands_of(host, "petro_flux"))))  # as U, G, R say
    missing = [band for band in bands if band not in image.bands]
    if missing:
        raise ImageError(expected_got(image.galaxy_id, f"bands {' '.join(bands)}", f"no {missing}"))
    rng = galaxy_rng(seed, image.galaxy_id)
    outline = galaxy_outline(image, outline_config)
    image = replace(image, bands={band: image[band] for band in bands})
    clumps, xy = _draw(rng, image, outline, _host_u(image, host, outline), config.clumps)
    planes, light = {}, np.zeros((len(bands), *image.shape))
    for k, (band, plane) in enumerate(image.bands.items()):
        light[k] = added_light(image, band, clumps.flux[:, k], clumps.sigma, xy)
        planes[band] = with_light(rng, plane, light[k])
    changed = replace(image, bands=planes)
    total = np.array([_number(host, f"petro_flux_{band}") for band in bands])
    total += clumps.flux.sum(axis=0)
    total_u = (
        total[U]
        if np.isfinite(total[U])
        else _host_u(image, host, outline) + clumps.flux[:, U].sum()
    )
    r90 = _number(host, "petro_r90_arcsec") / image.pixscale_arcsec
    r90 = r90 if np.isfinite(r90) else np.sqrt(outline.sum() / np.pi)
    smooth = np.array([_smooth(image, band) for band in bands])
    variances = np.array([planes[band].variance for band in bands], dtype=float)
    seen = visibility(clumps, xy, smooth + light, variances, changed, r90, config.labels)
    shown = rng.random(len(clumps)) < seen
    row = {**host, **{f"petro_flux_{band}": total[k] for k, band in enumerate(bands)}}
    return SimulatedGalaxy(
        changed,
        row,
        truth(image.galaxy_id, clumps, xy, image.wcs, float(total_u), bands),
        labels(image.galaxy_id, clumps, xy, changed, shown),
        votes={},
    )


def _draw(
    rng: np.random.Generator,
    image: GalaxyImage,
    outline: NDArray[np.bool_],
    host_u: float,
    config: ClumpsConfig,
) -> tuple[Sources, Map]:
    """Clumps (offsets in arcsec from the host's centre) and their pixels (N, 2)."""
    centre = host_centre(image)
    rows, cols = np.indices(image.shape)
    fwhm = psf_fwhm_px(image)
    allowed = outline & (np.hypot(cols - centre[0], rows - centre[1]) > _NUCLEUS_FWHM * fwhm)
    allowed &= np.all([plane.good for plane in image.bands.values()], axis=0)
    density = np.where(allowed, np.maximum(_smooth(image, reference_band(image)), 0), 0)
    density = density**config.inward
    if not density.sum() > 0:
        raise ImageError(expected_got(image.galaxy_id, "room for clumps in the host", "none"))
    number = int(rng.poisson(config.mean)) if rng.random() >= config.clumpless_share else 0
    ratio = flux_ratios(rng, number, config)
    row, col = np.divmod(scattered(rng, density.astype(np.float32), number), image.shape[1])
    xy = np.column_stack([col, row]) + rng.uniform(-0.5, 0.5, (number, 2))
    offset = (xy - centre) * image.pixscale_arcsec
    resolved = rng.random(number) < config.resolved_share
    total_u = host_u / max(1 - ratio.sum(), 0.3)
    flux = clump_fluxes(rng, ratio, total_u, config, tuple(image.bands))
    return (
        Sources(
            offset[:, 0],
            offset[:, 1],
            np.where(resolved, rng.uniform(0.1, 0.6, number), 0.0),
            flux,
            np.ones(number, dtype=np.int64),
        ),
        xy,
    )


def _smooth(image: GalaxyImage, band: str) -> Map:
    """One band with bad pixels as 0, smoothed by a Gaussian of its PSF-FWHM."""
    plane = image[band]
    data = np.where(plane.good & np.isfinite(plane.data), plane.data, 0).astype(float)
    smooth: Map = ndimage.gaussian_filter(data, psf_fwhm_px(image, band) / gaussian_sigma_to_fwhm)
    return smooth


def _number(host: Mapping[str, object], name: str) -> float:
    value = host.get(name, np.nan)
    return float(value)  # type: ignore[arg-type]


def _host_u(image: GalaxyImage, host: Mapping[str, object], outline: NDArray[np.bool_]) -> float:
    known = _number(host, "petro_flux_u")
    if np.isfinite(known) and known > 0:
        return known
    light = float(image["u"].data[outline & image["u"].good].sum())
    if not light > 0:
        raise ImageError(expected_got(image.galaxy_id, "a host with u flux", light))
    return light


def added_light(
    image: GalaxyImage,
    band: str,
    flux_nmgy: NDArray[np.float64],
    sigma_arcsec: NDArray[np.float64],
    xy: Map,
) -> Map:
    """Noise-free (ny, nx) light of N sources at pixels ``xy`` (N, 2), through the band's PSF."""
    stamp = image[band].psf
    if stamp is None:
        stamp = gaussian_psf(psf_fwhm_px(image, band))
    side = stamp.shape[0] + 2 * _PAD
    spectrum = fft.rfft2(np.pad(stamp.astype(float), _PAD))
    ky, kx = fft.fftfreq(side)[:, None], fft.rfftfreq(side)[None, :]
    light = np.zeros(image.shape)
    half = side // 2
    sigma_px = sigma_arcsec / image.pixscale_arcsec
    for flux, sigma, (x, y) in zip(flux_nmgy, sigma_px, xy, strict=True):
        col, row = round(float(x)), round(float(y))
        shift = np.exp(-2j * np.pi * (ky * (y - row) + kx * (x - col)))
        blur = np.exp(-2 * (np.pi * sigma) ** 2 * (ky**2 + kx**2))
        picture = flux * fft.irfft2(spectrum * shift * blur, s=(side, side))
        rows = slice(max(row - half, 0), max(row + half + 1, 0))
        cols = slice(max(col - half, 0), max(col + half + 1, 0))
        window = light[rows, cols]
        top, left = rows.start - (row - half), cols.start - (col - half)
        window += picture[top : top + window.shape[0], left : left + window.shape[1]]
    return light


def with_light(rng: np.random.Generator, plane: BandImage, light: Map) -> BandImage:
    """The band with the light and its photon noise added to data and variance."""
    electrons = electrons_per_nmgy(plane)
    arrived = np.maximum(light, 0)
    noise = rng.poisson(arrived * electrons) / electrons - arrived if electrons > 0 else 0.0
    extra = arrived / electrons if electrons > 0 else 0.0
    return replace(
        plane,
        data=(plane.data + light + noise).astype(np.float32),
        variance=(plane.variance + extra).astype(np.float32),
    )


def electrons_per_nmgy(plane: BandImage) -> float:
    """Photo-electrons a nanomaggy, from how the variance rises with the light; 0 if it does not.

    The regression is of data on variance, since the variance is the one without noise.
    """
    good = plane.good & np.isfinite(plane.data) & (plane.variance > 0)
    if np.count_nonzero(good) < 2:
        return 0.0
    data, variance = plane.data[good].astype(float), plane.variance[good].astype(float)
    spread = float(np.var(variance))
    if spread <= (1e-6 * float(variance.mean())) ** 2:
        return 0.0
    slope = float(np.mean((data - data.mean()) * (variance - variance.mean()))) / spread
    return max(slope, 0.0)
