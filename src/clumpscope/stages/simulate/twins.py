"""The same galaxies as another survey sees them: twins of a deeper, sharper sample."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy import fft, ndimage

from clumpscope.config.simulate import SimulateConfig
from clumpscope.core.frames import middle_of
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.psf import gaussian_psf
from clumpscope.stages.simulate.labels import Columns, labels, visibility
from clumpscope.stages.simulate.observe import Visit, draw_visit, sky_noise
from clumpscope.stages.simulate.psf import Frequencies, transfer
from clumpscope.stages.simulate.sources import Sources
from clumpscope.stages.simulate.survey import SimulatedGalaxy, galaxy_rng, observed, truth

Map = NDArray[np.float64]

_TWIN = 0x7477696E  # a stream of their own
_RIM_ARCSEC = 12.0  # of mirrored sky around an image: what a PSF brings in from beyond its edge
_FAINT = 0.02  # of a PSF's transfer function: what is below it cannot be undone


def twin(
    image: GalaxyImage,
    host: Mapping[str, object],
    known: Columns | None,
    config: SimulateConfig,
    seed: int,
) -> SimulatedGalaxy:
    """See a galaxy anew as ``config.observe`` says: its PSF, pixels, sky and noise.

    The image's own PSF is undone as far as the new one is wider, and its noise taken for light, so
    that it should be much deeper. The host's fluxes, radii and shape stay those of the image.

    Parameters
    ----------
    image
        In all bands of ``config.observe``.
    host
        Its row of the host table.
    known
        Its rows of the truth table; ``None``: nothing is known.

    Returns
    -------
    Image, host row, truth and labels, under the same id; the same for the same (seed, image).

    Raises
    ------
    ImageError
        If a band is missing, or the image's pixels are not smaller than the survey's.
    """
    observe = config.observe
    missing = [band for band in observe.bands if band not in image.bands]
    if missing:
        wanted = f"bands {' '.join(observe.bands)}"
        raise ImageError(expected_got(f"{image.galaxy_id}, a twin's", wanted, f"no {missing}"))
    step = observe.pixscale_arcsec / image.pixscale_arcsec
    if step <= 1:
        wanted = f"pixels smaller than {observe.pixscale_arcsec} arcsec"
        raise ImageError(expected_got(f"{image.galaxy_id}, a twin's", wanted, f"{1 / step:.2f} x"))
    rng = galaxy_rng(seed, image.galaxy_id, _TWIN)
    visit = draw_visit(rng, observe)
    side = int(min(image.shape) / step)
    side -= 1 - side % 2
    seen = np.array(
        [
            _through(image, band, k, visit, observe.pixscale_arcsec, side)
            for k, band in enumerate(observe.bands)
        ]
    )
    wcs = _coarser(image, step, side)
    none = np.empty((0, 2))
    changed, var = observed(
        image.galaxy_id, seen, (_sources(None, observe.bands), none), visit, wcs, rng, config
    )
    changed = replace(changed, ra=image.ra, dec=image.dec)
    sources = _sources(known, observe.bands)
    offset = np.column_stack([sources.x, sources.y]) - middle_of(image.shape)
    xy = offset / step + middle_of((side, side))
    sources = replace(
        sources, x=offset[:, 0] * image.pixscale_arcsec, y=offset[:, 1] * image.pixscale_arcsec
    )
    r90_px = float(np.asarray(host["petro_r90_arcsec"])) / observe.pixscale_arcsec
    shares = visibility(sources, xy, seen, var, changed, r90_px, config.labels)
    shown = rng.random(len(sources)) < shares
    errors = sky_noise(visit) * np.sqrt(np.pi) * 1.7 * r90_px
    row = {
        **host,
        "pixscale_arcsec": changed.pixscale_arcsec,
        "field_arcsec": side * changed.pixscale_arcsec,
        **{f"petro_flux_err_{b}": float(errors[k]) for k, b in enumerate(observe.bands)},
        **{f"psf_fwhm_{b}": changed[b].psf_fwhm_arcsec for b in observe.bands},
    }
    total_u = float(np.asarray(host["petro_flux_u"]))
    return SimulatedGalaxy(
        changed,
        row,
        truth(image.galaxy_id, sources, xy, wcs, total_u, observe.bands),
        labels(image.galaxy_id, sources, xy, changed, shown),
        votes={},
    )


def _through(
    image: GalaxyImage, band: str, index: int, visit: Visit, pixscale_arcsec: float, side: int
) -> Map:
    """(side, side) noise-free light of a band through the new PSF, in the new pixels, nanomaggy."""
    plane = image[band]
    rim = round(_RIM_ARCSEC / image.pixscale_arcsec)
    light = np.where(np.isfinite(plane.data), plane.data, 0).astype(float)
    n = int(fft.next_fast_len(max(light.shape) + 2 * rim, real=True))
    grown = [(rim, n - rim - length) for length in light.shape]
    light = np.pad(light, grown, mode="symmetric")
    at = Frequencies.of(n, image.pixscale_arcsec)
    wide = transfer(visit.psf, index, replace(at, pixscale_arcsec=pixscale_arcsec))
    own = _own_transfer(plane, psf_fwhm_px(image, band), n)
    kept = wide * np.conj(own) / np.maximum(np.abs(own) ** 2, _FAINT**2)
    light = fft.irfft2(fft.rfft2(light) * kept, s=(n, n))
    step = pixscale_arcsec / image.pixscale_arcsec
    axis = (np.arange(side) - (side - 1) / 2) * step
    x, y = middle_of(image.shape) + rim
    places = np.meshgrid(y + axis, x + axis, indexing="ij")
    seen: Map = ndimage.map_coordinates(light, places, order=3, mode="nearest") * step**2
    return seen


def _own_transfer(plane: BandImage, fwhm_px: float, n: int) -> NDArray[np.complex128]:
    """(n, n//2+1) transform of an image's PSF about its middle."""
    stamp = gaussian_psf(fwhm_px) if plane.psf is None else plane.psf
    half = stamp.shape[0] // 2
    whole = np.zeros((n, n))
    whole[: stamp.shape[0], : stamp.shape[0]] = stamp
    spectrum: NDArray[np.complex128] = fft.rfft2(np.roll(whole, (-half, -half), axis=(0, 1)))
    return spectrum


def _coarser(image: GalaxyImage, step: float, side: int) -> WCS:
    """WCS of pixels ``step`` times as large about the same middle."""
    if image.wcs is None:
        raise ImageError(expected_got(f"{image.galaxy_id}, a twin's", "a WCS", "none"))
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = image.wcs.wcs.ctype
    wcs.wcs.crval = image.wcs.wcs.crval
    wcs.wcs.crpix = (image.wcs.wcs.crpix - 1 - middle_of(image.shape)) / step + (side + 1) / 2
    wcs.wcs.cd = image.wcs.pixel_scale_matrix * step
    wcs.wcs.set()
    return wcs


def _sources(known: Columns | None, bands: tuple[str, ...]) -> Sources:
    """Sources of a truth table, x and y in its pixels."""
    if known is None:
        known = {name: [] for name in ("x", "y", "label", *(f"flux_{band}" for band in bands))}
    x, y = (np.asarray(known[name], dtype=float) for name in ("x", "y"))
    flux = np.column_stack([np.asarray(known[f"flux_{band}"], dtype=float) for band in bands])
    return Sources(x, y, np.zeros(len(x)), flux, np.asarray(known["label"], dtype=np.int64))
