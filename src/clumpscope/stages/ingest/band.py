"""A field's bands out of their files: in nanomaggies, with noise, mask and PSF."""

from collections.abc import Mapping
from dataclasses import replace
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
from clumpscope.ops.flux_units import FluxUnit, flux_unit
from clumpscope.stages.ingest.extensions import Layer, opened_file, read_layers
from clumpscope.stages.ingest.layout import BandFiles, FieldFiles
from clumpscope.stages.ingest.masks import header_planes, mask_of
from clumpscope.stages.ingest.noise import Noise, NoiseKind, noise_of
from clumpscope.stages.ingest.psf import psf_of
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
_STERADIAN = (np.pi / 180 / 3600) ** 2  # a square arcsec
_SKY_TOLD = 0.5  # sigma a pixel
_SCALE_OFF = 0.02
_EVEN = 1e-5  # a mean so near to 1 is no survey's


def wcs_of(files: BandFiles) -> tuple[WCS, tuple[str, ...]]:
    """WCS of a band's image, and notes.

    Raises
    ------
    ImageError
        If it has none that can be used.
    """
    image = files.image.extension
    if isinstance(image.sky, ClumpscopeError):
        raise ImageError(f"{image}: {image.sky}") from image.sky
    wcs, notes = image.sky
    if wcs is None:
        raise ImageError(
            expected_got(
                f"{image} WCS",
                "CTYPE1, CRVAL1, CRPIX1, CD1_1 and so on",
                "none",
                "without one only a PNG or JPEG can be searched",
            )
        )
    return wcs, notes


def unit_of(files: BandFiles, profile: SurveyProfile, config: IngestConfig) -> FluxUnit:
    """How a band's pixels become nanomaggies: by its header, else by what is said beside it.

    Raises
    ------
    ImageError
        If that is not known, or contradicts itself.
    """
    image = files.image.extension
    cards = image.shared
    asked = config.zero_point
    zero_point = asked.get(files.band) if isinstance(asked, dict) else asked
    unit = config.unit
    if unit is None and not str(cards.get("BUNIT", "")).strip():
        unit = profile.unit
    of_survey = _unsaid(profile, cards) if zero_point is None else None
    wcs, _ = wcs_of(files)
    found = flux_unit(
        cards,
        image,
        unit=unit,
        zero_point=zero_point if of_survey is None else of_survey,
        pixel_area_sr=pixel_side_arcsec(wcs) ** 2 * _STERADIAN if "PIXAR_SR" not in cards else None,
    )
    return found if of_survey is None else replace(found, said=_of_survey(found.said))


def _of_survey(said: str) -> str:
    return said.replace("(as given)", "(of the survey)")


def _unsaid(profile: SurveyProfile, cards: Mapping[str, Any]) -> float | None:
    """The profile's zero point, if the header has none that is known everywhere."""
    try:
        flux_unit(cards, "header", unit=None if cards.get("BUNIT") else profile.unit)
    except ImageError:
        return profile.zero_point_of(cards)
    return None


def looked_at(field: FieldFiles, profile: SurveyProfile, config: IngestConfig) -> list[Understood]:
    """What headers say of a field's bands; what is wrong with one is its note."""
    rows = []
    for band, files in field.bands.items():
        notes: list[str] = []
        said = ""
        try:
            notes += wcs_of(files)[1]
            said = unit_of(files, profile, config).said
        except ImageError as error:
            notes.append(f"left out: {error}")
        rows.append(
            Understood(
                field.name,
                band,
                str(files.image),
                said,
                f"{files.noise_kind}: {files.noise}" if files.noise else "from the blank sky",
                str(files.mask) if files.mask else "none",
                _psf_planned(files),
                "; ".join(notes),
            )
        )
    return rows


def _psf_planned(files: BandFiles) -> str:
    if files.psf is not None:
        return str(files.psf)
    return "PSFFWHM" if "PSFFWHM" in files.image.extension.shared else "to be found"


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
    layers = [layer for files in field.bands.values() for layer in files.planes]
    pixels = read_layers(layers, limits)
    bands: dict[str, Band] = {}
    rows: list[Understood] = []
    wrong: list[ClumpscopeError] = []
    for name, files in field.bands.items():
        try:
            bands[name], row = _band(field.name, files, pixels, profile, config, limits)
            rows.append(row)
        except (ImageError, FrameError) as error:
            wrong.append(error)
            rows.append(_left_out(field.name, files, error))
    if not bands:
        raise wrong[0]
    return bands, rows


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
    lost = ~np.isfinite(data)
    if lost.all():
        raise ImageError(expected_got(where, "finite pixels", "none"))
    mask, of_mask = _mask(files, pixels, profile)
    if mask.shape != data.shape:
        raise ImageError(expected_got(f"{where} mask", f"shape {data.shape}", mask.shape))
    data = np.where(lost, np.float32(0), data)
    bad = lost | ((mask & ~np.uint8(MaskBit.STAR)) > 0)
    noise = _noise(files, pixels, data, unit, bad)
    mask[lost | noise.bad] |= np.uint8(MaskBit.NO_DATA)
    data, of_sky = _sky(data, bad | noise.bad, config)
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
            [
                *notes,
                *_scale(wcs, profile),
                *_normalised(pixels[files.image]),
                *of_mask,
                *noise.notes,
                *of_sky,
                *of_psf[1:],
            ]
        ),
    )
    return Band(frame, mask, psf, noise_assumed=noise.assumed), row


def _mask(
    files: BandFiles, pixels: Mapping[Layer, NDArray[Any]], profile: SurveyProfile
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    if files.mask is None:
        ny, nx = files.image.extension.shape[-2:]
        return np.zeros((ny, nx), dtype=np.uint8), ()
    extension = files.mask.extension
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
    if abs(level) > _SKY_TOLD * rms:
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
    if not abs(float(np.mean(pixels, dtype=float)) - 1) < _EVEN:  # NaN is not
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
    header = files.image.extension.shared
    usual = profile.psf_fwhm_arcsec.get(files.band, config.psf_fwhm_arcsec)
    if files.psf is None:
        return psf_of(frame, mask, header, default_fwhm_arcsec=usual)
    extension = files.psf.extension
    with opened_file(extension.path, limits) as hdus:
        return psf_of(
            frame,
            mask,
            header,
            hdus=list(hdus) if files.psf_is_file else [hdus[extension.index]],
            plane=files.psf.number,
            where=str(files.psf),
            default_fwhm_arcsec=usual,
        )


def _left_out(galaxy: str, files: BandFiles, error: Exception) -> Understood:
    return Understood(galaxy, files.band, str(files.image), "", "", "", "", f"left out: {error}")
