"""Photometry of a galaxy's clumps in every band, the host under them modelled.

Isolated clumps are measured in circular apertures, those nearer than 2.25 PSF-FWHM to a
neighbour together with it by a PSF fit; see `clumpscope.stages.measure.fluxes` for what both
have in common and `clumpscope.stages.measure.scene` for the pixels that are used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from clumpscope.config.run import MeasureConfig
from clumpscope.core.bands import measurable
from clumpscope.core.conditions import image_flags
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import GalaxyImage, MaskBit
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.outline import inside
from clumpscope.ops.stars import host_is_star
from clumpscope.stages.measure import size
from clumpscope.stages.measure.band_fluxes import by_bands
from clumpscope.stages.measure.scene import Scene
from clumpscope.stages.measure.star import SKY_FWHM, at_target

Values = NDArray[np.float64]

_STAR_FWHM = 6.0  # of a clump: a faint star so near is fitted with it ...
_MOST_STARS = 30  # ... and so many at most
# A clump is called resolved if its width is so significant, and beyond the PSF's own error.
_RESOLVED_SIGMA = 3.0
_RESOLVED_SHARE = 0.2  # of the PSF's sigma^2


@dataclass(frozen=True, eq=False)
class Photometry:
    """Fluxes of the n clumps of one galaxy in b bands.

    Attributes
    ----------
    galaxy_id
        Whose clumps.
    bands
        Names of the b bands.
    flux, flux_err
        (n, b) nanomaggy, all of a point source's light; NaN where nothing could be measured.
    background
        (n, b) nanomaggy a pixel of host and sky under the clump.
    aperture_radius_arcsec
        (n, b).
    aperture_correction
        (n, b) factor from aperture to total flux, already applied; NaN for blended clumps,
        whose flux is that of a PSF fit.
    published_flux, published_flux_err
        (n, b) nanomaggy, by the published method.
    size_arcsec, size_err_arcsec
        (n,) intrinsic FWHM beyond the PSF and its 1-sigma error; NaN where too faint to tell.
    flags
        (n,) int64 bits of `ClumpFlag` that the measurement adds.
    """

    galaxy_id: str
    bands: tuple[str, ...]
    flux: Values
    flux_err: Values
    background: Values
    aperture_radius_arcsec: Values
    aperture_correction: Values
    published_flux: Values
    published_flux_err: Values
    size_arcsec: Values
    size_err_arcsec: Values
    flags: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.flags)

    @classmethod
    def unmeasured(cls, galaxy_id: str, n: int, bands: Sequence[str]) -> "Photometry":
        """NaN for every one of ``n`` clumps: those of a bare picture."""
        blank: dict[str, Values] = {}
        for item in fields(cls):
            if item.name not in ("galaxy_id", "bands", "flags"):
                shape = (n,) if item.name.startswith("size") else (n, len(bands))
                blank[item.name] = np.full(shape, np.nan)
        flags = np.zeros(n, dtype=np.int64)
        return cls(galaxy_id=galaxy_id, bands=tuple(bands), flags=flags, **blank)

    def in_bands(self, bands: Sequence[str]) -> "Photometry":
        """The same in these bands, NaN in those that were not measured."""
        if tuple(bands) == self.bands:
            return self
        found = Photometry.unmeasured(self.galaxy_id, len(self), bands)
        mine = [k for k, band in enumerate(bands) if band in self.bands]
        theirs = [self.bands.index(bands[k]) for k in mine]
        for item in fields(self):
            plane = getattr(found, item.name)
            if isinstance(plane, np.ndarray) and plane.ndim == 2:
                plane[:, mine] = getattr(self, item.name)[:, theirs]
        return replace(
            found,
            size_arcsec=self.size_arcsec,
            size_err_arcsec=self.size_err_arcsec,
            flags=self.flags,
        )


def measure(
    image: GalaxyImage,
    xy: Values,
    config: MeasureConfig,
    outline: NDArray[np.bool_],
    *,
    star: bool | None = None,
) -> Photometry:
    """Measure clumps in every band of ``config.bands`` that the image has, or in all of its own.

    Pixels without data or hit by a cosmic ray are left out, and the point source's light in
    them is made up for; saturated ones are summed as they are. All three are flagged. A target
    that is a star has no host to be modelled.

    Parameters
    ----------
    xy
        (n, 2) positions, native pixels; they are taken as they are.
    outline
        (ny, nx) True inside the host; nowhere True means that no host is known and background
        is taken around each clump.
    star
        Whether the target is a star; ``None``: `host_is_star` is asked.

    Raises
    ------
    ImageError
        If the image has none of the bands, or no WCS, or the outline's shape is not the image's.
    """
    if outline.shape != image.shape:
        raise ImageError(
            expected_got(f"{image.galaxy_id} outline", f"shape {image.shape}", outline.shape)
        )
    bands = measurable(config.bands, image.bands)
    if not bands:
        raise ImageError(
            expected_got(
                f"{image.galaxy_id} photometry",
                f"one of bands {' '.join(config.bands or ())}",
                " ".join(image.bands),
                "name some that the image has under [measure] bands in the recipe, or none",
            )
        )
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    result = Photometry.unmeasured(image.galaxy_id, len(xy), bands)
    result.flags[:] = image_flags(image, bands)
    lone = host_is_star(image) if star is None else star
    if lone:
        result.flags[:] |= int(ClumpFlag.HOST_IS_STAR)
        config = config.model_copy(update={"background": "annulus"})
    fwhm = {band: psf_fwhm_px(image, band) for band in bands}
    for b, band in enumerate(bands):
        result.aperture_radius_arcsec[:, b] = config.aperture_fwhm * image[band].psf_fwhm_arcsec
    here = np.flatnonzero(_touching(xy, image.shape, config.aperture_fwhm * max(fwhm.values())))
    result.flags[np.setdiff1d(np.arange(len(xy)), here)] |= (
        ClumpFlag.NO_DATA | ClumpFlag.EDGE | ClumpFlag.MASKED_ANNULUS
    )
    if not len(here):
        return result
    widest, n = max(fwhm.values()), len(here)
    stars = _stars(image, xy[here], outline, widest)
    target = at_target(image, xy[here], widest) if lone else None
    around = 0.0 if target is None else SKY_FWHM[1]
    scene = Scene.of(image, np.concatenate([xy[here], stars]), config, outline, fwhm, around)
    result.flags[here] |= _crowding(scene, config, widest)[:n] | _on_star(image, xy[here], fwhm)
    square, variance = np.empty((2, len(bands), n))
    for some, found in by_bands(scene, fwhm, config, target):
        for plane, values in (
            (result.flux, found.fluxes.flux),
            (result.flux_err, found.fluxes.flux_err),
            (result.background, found.fluxes.background),
            (result.aperture_correction, found.fluxes.correction),
            (result.published_flux, found.published.flux),
            (result.published_flux_err, found.published.flux_err),
        ):
            plane[here, some] = values[:, :n].T
        square[some], variance[some] = found.width.square[:, :n], found.width.variance[:, :n]
        result.flags[here] |= np.bitwise_or.reduce(found.flags[:, :n], axis=0)
    _add_sizes(result, here, size.combined(size.Width(square, variance)), image, fwhm)
    return result


def _crowding(scene: Scene, config: MeasureConfig, fwhm: float) -> NDArray[np.int64]:
    """Flags of the clumps' surroundings, the same in all bands; ``fwhm`` is the widest, px."""
    separation = cdist(scene.xy, scene.xy)
    np.fill_diagonal(separation, np.inf)
    radius = config.aperture_fwhm * fwhm
    ny, nx = scene.image.shape
    margin = np.minimum(scene.xy + 0.5, [nx - 0.5, ny - 0.5] - scene.xy).min(axis=1)
    flags = np.zeros(len(scene.xy), dtype=np.int64)
    flags[(separation < 2 * radius).any(axis=1)] |= ClumpFlag.OVERLAP
    flags[scene.blended] |= ClumpFlag.BLENDED
    flags[margin < radius] |= ClumpFlag.EDGE | ClumpFlag.NO_DATA
    flags[~scene.modelled] |= ClumpFlag.LOCAL_BACKGROUND
    return flags


def _add_sizes(
    result: Photometry,
    here: NDArray[np.intp],
    width: size.Width,
    image: GalaxyImage,
    fwhm: Mapping[str, float],
) -> None:
    """Intrinsic FWHM, its error, and the flag of resolved clumps, from squared widths in px^2."""
    square, error = np.maximum(width.square, 0), np.sqrt(width.variance)
    scale = gaussian_sigma_to_fwhm * image.pixscale_arcsec
    result.size_arcsec[here] = scale * np.sqrt(square)
    # d sqrt(q) = dq / (2 sqrt(q)), and sqrt(dq) where q is lost in its error.
    result.size_err_arcsec[here] = scale * error / (2 * np.sqrt(np.maximum(square, error / 4)))
    psf = (min(fwhm.values()) / gaussian_sigma_to_fwhm) ** 2
    wide = (width.square > _RESOLVED_SIGMA * error) & (width.square > _RESOLVED_SHARE * psf)
    result.flags[here[wide]] |= ClumpFlag.RESOLVED


def _stars(image: GalaxyImage, xy: Values, outline: NDArray[np.bool_], fwhm: float) -> Values:
    """(m, 2) faint stars that are fitted with the clumps: in the host or near a clump, not one."""
    stars = image.stars
    if not len(stars):
        return stars
    nearest = cdist(stars, xy).min(axis=1)
    wanted = (inside(outline, stars) | (nearest < _STAR_FWHM * fwhm)) & (nearest > fwhm / 2)
    order = np.argsort(nearest[wanted], kind="stable")
    chosen: Values = stars[wanted][order[:_MOST_STARS]]
    return chosen


def _on_star(image: GalaxyImage, xy: Values, fwhm: Mapping[str, float]) -> NDArray[np.int64]:
    """(n,) STAR where a clump is a faint star, or its pixel lies under a star's mask."""
    hit = np.zeros(len(xy), dtype=bool)
    for band in fwhm:
        hit |= inside((image[band].mask & MaskBit.STAR) > 0, xy)
    if len(image.stars):
        hit |= cdist(xy, image.stars).min(axis=1) <= max(fwhm.values()) / 2
    return np.where(hit, int(ClumpFlag.STAR), 0)


def _touching(xy: Values, shape: tuple[int, int], radius: float) -> NDArray[np.bool_]:
    """(n,) True where a circle around a position reaches the image."""
    ny, nx = shape
    with np.errstate(invalid="ignore"):
        beyond = np.maximum(np.maximum(-0.5 - xy, xy - [nx - 0.5, ny - 0.5]), 0)
        near: NDArray[np.bool_] = np.hypot(*beyond.T) < radius
    return near
