"""One band of a galaxy in the HDUs of a FITS file: image, variance, mask, PSF."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.stats import mad_std
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.cards import is_number, number
from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.flux_units import FluxUnit, flux_unit
from clumpscope.store.psf_plane import read_psf

UNIT_REMEDY = (
    "write BUNIT = 'nanomaggy', or the unit that it has, into the HDU's header, or make the sample "
    "with clumpscope ingest"
)
BY_NAME = (
    "give each band an image HDU with its name as EXTNAME, and PSFFWHM unless the name is known, "
    "or let clumpscope ingest make a sample of the files"
)

EXTRAS = ("_VAR", "_MASK", "_PSF")

_SCALING = ("BSCALE", "BZERO", "BLANK")
_MASKS = np.arange(sum(MaskBit) + 1)  # every combination of bits


def read_band(
    band: str,
    hdus: dict[str, fits.ImageHDU],
    wcs: WCS | None,
    fwhm: float,
    *,
    width_known: bool,
) -> BandImage:
    """One band of a galaxy from its HDUs by name.

    Parameters
    ----------
    hdus
        Of all bands, by name: ``<band>`` and, where there are such, ``<band>_VAR``,
        ``<band>_MASK`` and ``<band>_PSF``.
    fwhm
        PSF-FWHM, arcsec; see `psf_width`.
    width_known
        Whether the host table has it: else, if the header has none, it is marked as assumed.

    Raises
    ------
    ImageError
        If a plane is all NaN or of another shape, its unit cannot be brought to nanomaggies, a
        card is no number or no logical value, or the PSF's image cannot be used or is not as
        wide as PSFFWHM.
    """
    header = hdus[band].header
    for name in (band, *(f"{band}{extra}" for extra in EXTRAS if f"{band}{extra}" in hdus)):
        for key in _SCALING:
            if key in hdus[name].header:
                number(hdus[name].header, key, f"HDU {name}", ImageError)
    unit = flux_unit(header, f"band {band}", remedy=UNIT_REMEDY)
    data = unit.nanomaggies(hdus[band].data)
    finite = np.isfinite(data)
    if not finite.any():
        raise ImageError(
            expected_got(
                f"band {band}",
                "finite pixels",
                "only NaN",
                "take the band out of the file and of bands under [measure] in the recipe",
            )
        )
    mask = np.zeros(data.shape, dtype=np.uint8)
    if f"{band}_MASK" in hdus:
        given = np.asarray(hdus[f"{band}_MASK"].data)
        mask = np.where(np.isin(given, _MASKS), given, MaskBit.NO_DATA).astype(np.uint8)
    if mask.shape != data.shape:
        remedy = leave_out(f"{band}_MASK")
        raise ImageError(
            expected_got(f"band {band} mask", f"shape {data.shape}", mask.shape, remedy)
        )
    data = _known(data, finite, mask)
    variance, noise_assumed = _variance(band, hdus, data, mask, unit)
    known = np.isfinite(variance) & (variance >= 0)
    variance = _known(variance, known, mask)
    measured = "PSFFWHM" in header
    psf, fwhm, doubtful = read_psf(band, hdus.get(f"{band}_PSF"), fwhm, wcs, said=measured)
    assumed = _logical(header, "PSFASSUM", band) if measured else not width_known
    try:
        return BandImage(
            data=data,
            variance=variance,
            mask=mask,
            wcs=wcs,
            psf_fwhm_arcsec=fwhm,
            psf=psf,
            psf_assumed=assumed or doubtful,
            noise_assumed=noise_assumed or _logical(header, "NOISEASS", band),
        )
    except ImageError as error:
        raise ImageError(f"band {band} {error}") from error


def _known(
    plane: NDArray[np.float32], known: NDArray[np.bool_], mask: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """A plane with 0 where it is not known, which the mask is told."""
    if known.all():
        return plane
    mask[~known] |= np.uint8(MaskBit.NO_DATA)
    return np.where(known, plane, np.float32(0))


def psf_width(
    band: str, header: Mapping[str, Any], known: float | None, default: float | None
) -> float:
    """PSF-FWHM of a band, arcsec: its PSFFWHM, else what the host table knows, else the default.

    Raises
    ------
    ImageError
        If that is no positive number, or there is none.
    """
    given = header.get("PSFFWHM", known)
    fwhm = default if given is None else given
    if not (is_number(fwhm) and fwhm > 0):
        raise ImageError(
            expected_got(
                f"band {band} PSFFWHM",
                "a positive width in arcsec",
                "none" if fwhm is None else repr(fwhm),
                f"set PSFFWHM in the HDU's header, psf_fwhm_{band} in hosts.parquet, or, without "
                "both, psf_fwhm_arcsec under [sample] in the recipe",
            )
        )
    return float(fwhm)


def host_position(header: Mapping[str, Any]) -> tuple[float, float]:
    """RA and DEC of the host from the first header, degrees.

    NaN unless both are numbers: telescopes write hours and minutes there, as text.

    Raises
    ------
    ImageError
        If they are no place on the sky.
    """
    ra, dec = header.get("RA"), header.get("DEC")
    if not (is_number(ra) and is_number(dec)):
        return math.nan, math.nan
    return sky_place(float(ra), float(dec), "host")


def sky_place(ra: float, dec: float, where: str) -> tuple[float, float]:
    """A place on the sky, degrees.

    Raises
    ------
    ImageError
        If it is none.
    """
    for name, value, low, high in (("ra", ra, -180, 360), ("dec", dec, -90, 90)):
        if not low <= value <= high:
            raise ImageError(expected_got(f"{where} {name}", f"{low} to {high} degrees", value))
    return ra, dec


def _logical(header: Mapping[str, Any], key: str, band: str) -> bool:
    value = header.get(key, False)
    if not isinstance(value, bool):
        raise ImageError(expected_got(f"band {band} {key}", "T or F", repr(value)))
    return value


def leave_out(name: str) -> str:
    """What to do about a broken HDU that need not be there."""
    return f"mend the HDU {name} or leave it out"


def _variance(
    band: str,
    hdus: dict[str, fits.ImageHDU],
    data: NDArray[np.float32],
    mask: NDArray[np.uint8],
    unit: FluxUnit,
) -> tuple[NDArray[np.float32], bool]:
    """Variance plane and whether it is only an estimate."""
    if f"{band}_VAR" in hdus:
        variance = unit.variance(hdus[f"{band}_VAR"].data)
        if variance.shape != data.shape:
            raise ImageError(
                expected_got(
                    f"band {band} variance",
                    f"shape {data.shape}",
                    variance.shape,
                    leave_out(f"{band}_VAR"),
                )
            )
        return variance, False
    header = hdus[band].header
    keys = ("NMGYPDN", "SKYDN", "GAIN", "DARKVAR")
    if all(key in header for key in keys):
        nmgy_per_dn, sky, gain, dark = (
            number(header, key, f"band {band}", ImageError) for key in keys
        )
        if not (nmgy_per_dn > 0 and gain > 0):
            raise ImageError(
                expected_got(
                    f"band {band}",
                    "NMGYPDN > 0 and GAIN > 0",
                    (nmgy_per_dn, gain),
                    f"mend the header or add {band}_VAR",
                )
            )
        counts = np.maximum(data / nmgy_per_dn + sky, 0)
        return (nmgy_per_dn**2 * (counts / gain + dark)).astype(np.float32), False
    sigma = mad_std(data[mask == 0]) if (mask == 0).any() else 0.0
    return np.full(data.shape, sigma**2, dtype=np.float32), True
