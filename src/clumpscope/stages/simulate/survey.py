"""One simulated galaxy: image, host row, truth, boxes and votes from (seed, galaxy_id)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.simulate import SimulateConfig
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.simulate import artefacts
from clumpscope.stages.simulate.clumps import draw_clumps
from clumpscope.stages.simulate.hosts import Host, draw_host
from clumpscope.stages.simulate.interlopers import (
    as_sources,
    companions,
    draw_galaxies,
    draw_knots,
    draw_stars,
    faint_apart,
)
from clumpscope.stages.simulate.labels import Columns, labels, visibility
from clumpscope.stages.simulate.light import Light, paint
from clumpscope.stages.simulate.observe import (
    Images,
    Visit,
    blob_spectra,
    draw_visit,
    expose,
    light_spectra,
    noise,
    padded_size,
    sky_noise,
    source_spectra,
    variance,
)
from clumpscope.stages.simulate.psf import Frequencies, fwhm_arcsec, psf_images
from clumpscope.stages.simulate.sources import R, Sources, U
from clumpscope.stages.simulate.votes import Conditions, vote

_MARGIN = 1.08  # of the painted field over the expected cutout
_LARGEST = 700  # px of the painted field
_PSF_R90 = 1.3  # arcsec, of a point source in usual seeing: it widens small galaxies
_BIRTH_R90 = 1.2  # few clumps are born beyond
_VOTES = 0x766F7465  # a stream of their own
_NEAR = 1.3  # R90: odd sources further out are not in the truth


@dataclass(frozen=True, eq=False)
class SimulatedGalaxy:
    """What is known about one simulated galaxy.

    ``host`` is one row of the host table; ``truth`` and ``labels`` are columns of the tables
    of those names (their ``galaxy_id`` included); ``votes`` is a row of that table, empty of a
    galaxy whose host is not simulated.
    """

    image: GalaxyImage
    host: Columns
    truth: Columns
    labels: Columns
    votes: Columns


def galaxy_rng(seed: int, galaxy_id: str, *purpose: int) -> np.random.Generator:
    """Random generator of one galaxy, the same in every process and order.

    With a ``purpose`` it is another one, whose draws change none of the first's.
    """
    digest = hashlib.sha256(galaxy_id.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big"), *purpose])


def votes_of(
    galaxy_id: str, host: Host, visit: Visit, config: SimulateConfig, seed: int
) -> Columns:
    """One row of the table of votes."""
    noise = float(sky_noise(visit)[R]) / config.observe.pixscale_arcsec
    seen = Conditions(fwhm_arcsec(visit.psf, R), noise)
    return {"galaxy_id": galaxy_id, **vote(galaxy_rng(seed, galaxy_id, _VOTES), host, seen)}


def simulate_galaxy(galaxy_id: str, config: SimulateConfig, seed: int) -> SimulatedGalaxy:
    """Simulate one galaxy; the same (seed, galaxy_id) gives the same galaxy."""
    rng = galaxy_rng(seed, galaxy_id)
    pixscale = config.observe.pixscale_arcsec
    bands = config.observe.bands
    host = draw_host(rng, config.hosts, config.clumps, bands)
    visit = draw_visit(rng, config.observe)
    visit = replace(visit, shifts=artefacts.displace(rng, visit.shifts, config.artefacts))
    n = _painted_side(host, config)
    at = Frequencies.of(n, pixscale)
    light = paint(host, n, pixscale, rng)
    expected = _expected_r90(light)
    size = _size_px(expected, n, config)
    light = light.born_within(_BIRTH_R90 * expected)
    field = size * pixscale
    clumps = draw_clumps(rng, light, host.richness, config.clumps)
    knots = draw_knots(rng, light, host.member.g_r, config.interlopers)
    stars = draw_stars(rng, field, config.interlopers, bands)
    galaxies = draw_galaxies(rng, field, config.interlopers, bands) + companions(
        rng, host.member.r_mag, host.member.r50_arcsec, bands, merger=host.tail > 0
    )
    resolved, faint = faint_apart(galaxies)
    own = light_spectra(light) + source_spectra(clumps, at)
    others = source_spectra(knots + stars + faint, at) + blob_spectra(resolved, at)
    seen = expose(own + others, visit, at, size)
    own_r = expose(own, visit, at, size, bands=(R,))[0]
    sources = clumps + knots + stars + as_sources(galaxies)
    xy = (size - 1) / 2 + visit.dither + np.column_stack([sources.x, sources.y]) / pixscale
    wcs = _wcs(rng, size, pixscale, visit)
    first = len(clumps) + len(knots)
    star_xy = xy[first : first + len(stars)]
    image, var = observed(galaxy_id, seen, (stars, star_xy), visit, wcs, rng, config)
    total = light.total + clumps.flux.sum(axis=0)
    r50, r90 = (_radius(own_r, visit.dither, total[R], share) for share in (0.5, 0.9))
    seen_by = visibility(sources, xy, seen, var, image, r90, config.labels)
    shown = rng.random(len(sources)) < seen_by
    near = (np.hypot(sources.x, sources.y) < _NEAR * r90 * pixscale) | (sources.label == 1)
    row = {
        "galaxy_id": galaxy_id,
        **_host_row(host, image, total, sky_noise(visit), r90),
        "petro_r50_arcsec": r50 * pixscale,
        "petro_r90_arcsec": r90 * pixscale,
    }
    return SimulatedGalaxy(
        image,
        row,
        truth(galaxy_id, sources.subset(near), xy[near], wcs, total[U], bands),
        labels(galaxy_id, sources, xy, image, shown),
        votes_of(galaxy_id, host, visit, config, seed),
    )


def _painted_side(host: Host, config: SimulateConfig) -> int:
    """Side of the painted field: somewhat more than a cutout of an inclined exponential disk."""
    observe = config.observe
    r90 = 2.32 * host.member.r50_arcsec * np.sqrt((1 + host.axis_ratio**1.3) / 2)
    side = max(observe.field_r90 * np.hypot(r90, _PSF_R90), observe.min_size_arcsec)
    return padded_size(int(min(_MARGIN * side / observe.pixscale_arcsec, _LARGEST)))


def _expected_r90(light: Light) -> float:
    """R90 in arcsec of the painted light, as seen in usual seeing."""
    r90 = _radius(light.bands[R], np.zeros(2), light.total[R], 0.9)
    return float(np.hypot(r90 * light.step_arcsec, _PSF_R90))


def _size_px(r90_arcsec: float, n: int, config: SimulateConfig) -> int:
    """Side of the cutout, pixels, odd: ``field_r90`` times R90, if so much is painted."""
    observe = config.observe
    side = max(observe.field_r90 * r90_arcsec, observe.min_size_arcsec) / observe.pixscale_arcsec
    side = int(min(side, n - 2))
    return side - 1 + side % 2


def observed(
    galaxy_id: str,
    seen: Images,
    stars: tuple[Sources, NDArray[np.float64]],
    visit: Visit,
    wcs: WCS,
    rng: np.random.Generator,
    config: SimulateConfig,
) -> tuple[GalaxyImage, Images]:
    """The image that a survey would hand out, and its variance; stars with their pixels."""
    angle = rng.uniform(0, np.pi / 2)
    for flux, (x, y) in zip(stars[0].flux, stars[1], strict=True):
        seen = artefacts.spiked(seen, x, y, flux, angle)
    masks = np.zeros(seen.shape, dtype=np.uint8)
    if config.artefacts.saturation:
        seen, masks = artefacts.saturated(seen, config.observe)
    var = variance(seen, visit)
    sigma = sky_noise(visit)
    seen = artefacts.trail(rng, seen, sigma, config.artefacts)
    seen = artefacts.cosmic_ray(rng, seen, sigma, config.artefacts)
    shape = (seen.shape[1], seen.shape[2])
    seen = seen + artefacts.uneven_sky(rng, shape, sigma, config.observe.sky_residual)
    data = (seen + noise(rng, var, visit)).astype(np.float32)
    pixscale = config.observe.pixscale_arcsec
    psfs = psf_images(visit.psf, pixscale)
    planes = {
        band: BandImage(
            data=data[k],
            variance=var[k].astype(np.float32),
            mask=masks[k],
            wcs=wcs,
            psf_fwhm_arcsec=adaptive_fwhm_px(psf) * pixscale,
            psf=psf,
        )
        for k, (band, psf) in enumerate(zip(config.observe.bands, psfs, strict=True))
    }
    ra, dec = wcs.wcs.crval
    return GalaxyImage(galaxy_id, planes, float(ra), float(dec)), var


def _wcs(rng: np.random.Generator, size: int, pixscale: float, visit: Visit) -> WCS:
    """Tangent plane touching the sphere at the host."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = (size + 1) / 2 + visit.dither
    wcs.wcs.crval = [rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-0.1, 0.85)))]
    cos_r, sin_r = np.cos(visit.rotation), np.sin(visit.rotation)
    turn = np.array([[cos_r, -sin_r], [sin_r, cos_r]]) @ np.diag([visit.parity, 1])
    wcs.wcs.cd = turn * pixscale / 3600
    wcs.wcs.set()
    return wcs


def _radius(
    image: NDArray[np.floating], centre: NDArray[np.float64], total: float, share: float
) -> float:
    """Radius in pixels of the circle about the centre that holds ``share`` of ``total``.

    ``centre`` is given from the middle of the image, pixels.
    """
    n = image.shape[0]
    axis = np.arange(n) - (n - 1) / 2
    radius = np.hypot((axis - centre[0])[None, :], (axis - centre[1])[:, None])
    ring = (radius * 4).astype(np.intp).ravel()
    growth = np.cumsum(np.bincount(ring, weights=image.ravel()))
    inside = int(np.searchsorted(growth, share * total))
    return float(min(inside, 2 * n) + 1) / 4


def truth(
    galaxy_id: str,
    sources: Sources,
    xy: NDArray[np.float64],
    wcs: WCS,
    total_u: float,
    bands: Sequence[str],
) -> Columns:
    """Columns of the truth table, in the bands of the sources' fluxes."""
    sky = native_to_sky(xy, wcs)
    return {
        "galaxy_id": [galaxy_id] * len(sources),
        "clump_id": np.arange(1, len(sources) + 1),
        "ra": sky[:, 0],
        "dec": sky[:, 1],
        "x": xy[:, 0],
        "y": xy[:, 1],
        "label": sources.label,
        "flux_ratio_u": sources.flux[:, U] / total_u,
        **{f"flux_{band}": sources.flux[:, k] for k, band in enumerate(bands)},
    }


def _host_row(
    host: Host,
    image: GalaxyImage,
    total: NDArray[np.float64],
    sigma: NDArray[np.float64],
    r90_px: float,
) -> Columns:
    member = host.member
    # Of a Petrosian aperture, about 1.7 R90 in radius.
    errors = sigma * np.sqrt(np.pi) * 1.7 * r90_px
    return {
        "ra": image.ra,
        "dec": image.dec,
        "redshift": member.redshift,
        "axis_ratio": host.axis_ratio,
        "position_angle_deg": _position_angle(host, image.wcs),
        "ebv": 0.0,
        "log_mass": member.log_mass,
        "log_ssfr": member.log_ssfr,
        "pixscale_arcsec": image.pixscale_arcsec,
        "field_arcsec": image.shape[0] * image.pixscale_arcsec,
        **{f"petro_flux_{b}": float(total[k]) for k, b in enumerate(image.bands)},
        **{f"petro_flux_err_{b}": float(errors[k]) for k, b in enumerate(image.bands)},
        **{f"psf_fwhm_{b}": image[b].psf_fwhm_arcsec for b in image.bands},
    }


def _position_angle(host: Host, wcs: WCS | None) -> float:
    """Position angle of the major axis, degrees east of north in [0, 180)."""
    if wcs is None:
        return float("nan")
    along = wcs.wcs.cd @ np.array([np.cos(host.angle), np.sin(host.angle)])
    return float(np.degrees(np.arctan2(along[0], along[1])) % 180)
