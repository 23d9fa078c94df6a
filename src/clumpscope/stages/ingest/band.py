"""A field's bands out of their files: in nanomaggies, with noise, mask and PSF."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.survey import Meaning, SurveyProfile
from clumpscope.core.field import Band, Frame, Psf
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import ClumpscopeError, FrameError, ImageError, expected_got
from clumpscope.ops.asinh import asinh_of
from clumpscope.ops.background import sky
from clumpscope.ops.flux_units import FluxUnit
from clumpscope.stages.ingest.extensions import Layer, opened_file, read_layers
from clumpscope.stages.ingest.headers import check_planes, is_ours, unit_of, wcs_of
from clumpscope.stages.ingest.layout import BandFiles, FieldFiles
from clumpscope.stages.ingest.masks import header_planes, mask_of
from clumpscope.stages.ingest.noise import Noise, NoiseKind, noise_of
from clumpscope.stages.ingest.psf import psf_of
from clumpscope.stages.ingest.psf_objects import OnePsf
from clumpscope.stages.ingest.understood import Understood

_KINDS = {
    "variance": NoiseKind.VARIANCE,
    "inverse_variance": NoiseKind.INVERSE_VARIANCE,
    "error": NoiseKind.ERROR,
    "weight": NoiseKind.WEIGHT,
}
MEANINGS: dict[Meaning, MaskBit | None] = {
    "saturated": MaskBit.SATURATED,
    "cosmic_ray": MaskBit.COSMIC_RAY,
    "no_data": MaskBit.NO_DATA,
    "star": MaskBit.STAR,
    "none": None,
}
_SKY_TOLD = 0.5  # sigma a pixel
_SUN = 1e20  # nanomaggies, more than the Sun's 2e19: what stands for none in a pixel
_SCALE_OFF = 0.02
_EVEN = 1e-5  # a mean so near to 1 is no survey's


def load_bands(
    field: FieldFiles, profile: SurveyProfile, config: IngestConfig, limits: LimitsConfig
) -> tuple[dict[str, Band], list[Understood]]:
    """Read a field's bands, and say what was made of each.

    A band that cannot be used is left out, and told, if there are others.

    Raises
    ------
    ClumpscopeError
        If none can be used: what is wrong with the first.
    """
    bands: dict[str, Band] = {}
    rows: list[Understood] = []
    wrong: list[ClumpscopeError] = []
    pixels, damaged = _pixels(field, limits)
    for name, files in field.bands.items():
        try:
            check_planes(files, limits)
            for layer in files.planes:
                if layer.extension.path in damaged:
                    raise damaged[layer.extension.path]
            bands[name], row = _band(field.name, files, pixels, profile, config, limits)
            rows.append(row)
        except (ImageError, FrameError) as error:
            wrong.append(error)
            rows.append(_left_out(field.name, files, error))
    if not bands:
        raise wrong[0]
    return bands, rows


def _pixels(
    field: FieldFiles, limits: LimitsConfig
) -> tuple[dict[Layer, NDArray[Any]], dict[Path, ClumpscopeError]]:
    """Planes of a field's bands, each file opened once; and which files are damaged."""
    wanted: dict[Path, list[Layer]] = {}
    for files in field.bands.values():
        try:
            check_planes(files, limits)
        except ImageError:  # told when that band's turn comes
            continue
        for layer in files.planes:
            wanted.setdefault(layer.extension.path, []).append(layer)
    pixels: dict[Layer, NDArray[Any]] = {}
    damaged: dict[Path, ClumpscopeError] = {}
    for path, layers in wanted.items():
        try:
            pixels.update(read_layers(path, layers, limits))
        except (FrameError, ImageError) as error:
            damaged[path] = error
    return pixels, damaged


def _band(
    galaxy: str,
    files: BandFiles,
    pixels: Mapping[Layer, NDArray[Any]],
    profile: SurveyProfile,
    config: IngestConfig,
    limits: LimitsConfig,
) -> tuple[Band, Understood]:
    where = str(files.image)
    wcs, notes = wcs_of(files)
    unit = unit_of(files, profile, config)
    data = unit.nanomaggies(pixels[files.image])
    lost, of_data = _lost(data, where)
    mask, of_mask = _mask(files, pixels, profile)
    data = np.where(lost, np.float32(0), data)
    bad = lost | ((mask & ~np.uint8(MaskBit.STAR)) > 0)
    noise = _noise(files, pixels, data, unit, bad)
    mask[lost | noise.bad] |= np.uint8(MaskBit.NO_DATA)
    data, of_sky = _sky(data, bad | noise.bad, config)
    data = np.where(mask & MaskBit.NO_DATA, np.float32(0), data)  # of the sky, and of no splines
    frame = Frame(files.image.extension.path, files.band, data, noise.variance, wcs)
    psf, of_psf = _psf(files, frame, mask, profile, config, limits)
    said = "assumed, the scatter of the blank sky" if noise.assumed else files.noise_kind
    row = Understood(
        galaxy,
        files.band,
        where,
        unit.said,
        f"{said}: {files.noise}" if files.noise else said,
        str(files.mask) if files.mask else "none",
        of_psf[0],
        "; ".join(
            [*notes, *_scale(wcs, profile), *_normalised(pixels[files.image])]
            + [*of_data, *of_mask, *noise.notes, *of_sky, *of_psf[1:]]
        ),
    )
    assumed = noise.assumed or _says(files, "NOISEASS")
    if _says(files, "PSFASSUM"):
        psf = OnePsf(replace(psf.at(*(side / 2 for side in data.shape)), assumed=True))
    return Band(frame, mask, psf, noise_assumed=assumed), row


def _says(files: BandFiles, card: str) -> bool:
    """Whether an image of ours is marked so."""
    return is_ours(files) and files.image.extension.header.get(card) is True


def _lost(data: NDArray[np.float32], where: str) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Pixels without data, and a note on those whose number stands for none.

    Raises
    ------
    ImageError
        If all are, or all others are the same.
    """
    lost = ~np.isfinite(data)
    if lost.all():
        raise ImageError(expected_got(where, "finite pixels", "none"))
    with np.errstate(invalid="ignore"):
        absurd = np.abs(data) > _SUN
    absurd &= ~lost
    notes: tuple[str, ...] = ()
    if absurd.any():
        notes = (f"no data where pixels are beyond {_SUN:g} nmgy: {int(absurd.sum()):,}",)
    lost |= absurd
    seen = data[~lost]
    if not seen.size or seen.min() == seen.max():
        got = f"all {seen[0]:g} nmgy" if seen.size else f"all beyond {_SUN:g} nmgy"
        raise ImageError(expected_got(where, "pixels that differ", got))
    return lost, notes


def _mask(
    files: BandFiles, pixels: Mapping[Layer, NDArray[Any]], profile: SurveyProfile
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if files.mask is None:
        ny, nx = files.image.extension.shape[-2:]
        return np.zeros((ny, nx), dtype=np.uint8), ()
    extension = files.mask.extension
    if is_ours(files):
        own = {bit.name or "": int(bit).bit_length() - 1 for bit in MaskBit}
        return mask_of(pixels[files.mask], own, {bit.name or "": bit for bit in MaskBit}, extension)
    planes = header_planes(extension.header, extension) or {
        name.upper(): bit for name, bit in profile.mask_bits.items()
    }
    meanings = {name: MEANINGS[what] for name, what in profile.meanings(files.band).items()}
    return mask_of(pixels[files.mask], planes, meanings, extension)


def _noise(
    files: BandFiles,
    pixels: Mapping[Layer, NDArray[Any]],
    data: NDArray[np.float32],
    unit: FluxUnit,
    bad: NDArray[np.bool_],
) -> Noise:
    if files.noise is None:
        return noise_of(data, None, None, unit.factor, bad, files.image)
    plane = pixels[files.noise]
    stored = asinh_of(files.noise.extension.shared, files.noise)
    if stored is not None:
        plane = stored.linear(plane)
    kind = _KINDS[files.noise_kind]
    return noise_of(data, plane, kind, unit.factor, bad, files.noise)


def _sky(
    data: NDArray[np.float32], bad: NDArray[np.bool_], config: IngestConfig
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The level of the blank sky taken off, or told."""
    if bad.all():
        return data, ()
    level, rms = sky(data, ~bad)
    if config.sky == "subtract":
        return (data - np.float32(level)).astype(np.float32), (
            f"sky of {level:.3g} nmgy taken off",
        )
    if abs(level) > _SKY_TOLD * rms > 0:
        said = f'the sky lies at {level / rms:.1f} sigma of a pixel: [ingest] sky = "subtract"'
        return data, (said,)
    return data, ()


def _scale(wcs: WCS, profile: SurveyProfile) -> tuple[str, ...]:
    side, usual = pixel_side_arcsec(wcs), profile.pixscale_arcsec
    if usual is None or abs(side / usual - 1) < _SCALE_OFF:
        return ()
    return (f"pixels of {side:.3g} arcsec, where the survey's are of {usual:g}",)


def _normalised(pixels: NDArray[Any]) -> tuple[str, ...]:
    """Whether someone has divided a band by its mean, as is done for networks."""
    with np.errstate(invalid="ignore", over="ignore"):  # of what is not finite
        mean = float(np.mean(pixels, dtype=float))
    if not abs(mean - 1) < _EVEN:  # NaN is not
        return ()
    said = "the mean of its pixels is 1: normalised, so that colours mean nothing"
    return (f"{said} until each band has its zero point (--zero-point g=27.5,r=27,...)",)


def _psf(
    files: BandFiles,
    frame: Frame,
    mask: NDArray[np.uint8],
    profile: SurveyProfile,
    config: IngestConfig,
    limits: LimitsConfig,
) -> tuple[Psf, tuple[str, ...]]:
    image = files.image.extension
    header, comment = image.shared, image.comment
    usual = profile.psf_fwhm_arcsec.get(files.band, config.psf_fwhm_arcsec)
    if files.psf is None:
        return psf_of(frame, mask, header, comment=comment, default_fwhm_arcsec=usual)
    extension = files.psf.extension
    with opened_file(extension.path, limits) as hdus:
        return psf_of(
            frame,
            mask,
            header,
            comment=comment,
            hdus=list(hdus) if files.psf_is_file else [hdus[extension.index]],
            plane=files.psf.number,
            where=str(files.psf),
            default_fwhm_arcsec=usual,
        )


def _left_out(galaxy: str, files: BandFiles, error: Exception) -> Understood:
    return Understood(galaxy, files.band, str(files.image), "", "", "", "", f"left out: {error}")
