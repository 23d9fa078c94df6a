"""What headers say of a band: its WCS, its unit, and whether its planes fit together."""

from math import prod

import numpy as np
from astropy.wcs import WCS

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.survey import SurveyProfile
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import ClumpscopeError, ImageError, expected_got
from clumpscope.ops.flux_units import FluxUnit, flux_unit
from clumpscope.stages.ingest.layout import BandFiles, FieldFiles
from clumpscope.stages.ingest.psf_width import width_in
from clumpscope.stages.ingest.understood import Understood

_STERADIAN = (np.pi / 180 / 3600) ** 2  # a square arcsec


def is_ours(files: BandFiles) -> bool:
    """Whether a band is of an image that `write_galaxy` wrote."""
    return "PSFASSUM" in files.image.extension.header


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
    wcs, _ = wcs_of(files)
    return flux_unit(
        cards,
        image,
        unit=unit,
        zero_point=zero_point,
        pixel_area_sr=pixel_side_arcsec(wcs) ** 2 * _STERADIAN,
        usual=lambda counts: profile.zero_point_of(cards, rate=counts.rate is True),
    )


def check_planes(files: BandFiles, limits: LimitsConfig) -> None:
    """See by headers that a band's planes are of one shape, and none is too large.

    Raises
    ------
    ImageError
        If not.
    """
    shape = files.image.extension.shape[-2:]
    for what, layer in (("noise", files.noise), ("mask", files.mask), ("", files.image)):
        if layer is None:
            continue
        extension = layer.extension
        if extension.shape[-2:] != shape:
            raise ImageError(
                expected_got(f"{layer} {what}", f"shape {shape}", extension.shape[-2:])
            )
        megabytes = prod(extension.shape) * max(4, extension.bytes_px) / 1e6
        if megabytes > limits.decompressed_mb:
            most = f"at most {limits.decompressed_mb:g} MB ([limits] decompressed_mb)"
            raise ImageError(expected_got(layer, most, f"{megabytes:.4g} MB"))


def looked_at(
    field: FieldFiles, profile: SurveyProfile, config: IngestConfig, limits: LimitsConfig
) -> list[Understood]:
    """What headers say of a field's bands; what is wrong with one is its note."""
    rows = []
    for band, files in field.bands.items():
        notes: list[str] = []
        said = psf = ""
        try:
            check_planes(files, limits)
            notes += wcs_of(files)[1]
            said = unit_of(files, profile, config).said
            psf, of_psf = _psf_planned(files)
            notes += of_psf
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
                psf,
                "; ".join(notes),
            )
        )
    return rows


def _psf_planned(files: BandFiles) -> tuple[str, tuple[str, ...]]:
    """Where a PSF would be from, and notes.

    Raises
    ------
    ImageError
        If a width in the header is absurd.
    """
    image = files.image.extension
    width, notes = width_in(
        image.shared, pixel_side_arcsec(wcs_of(files)[0]), image.path, image.comment
    )
    if files.psf is not None:
        return str(files.psf), ()
    return "from stars, else assumed" if width is None else width.said, notes
