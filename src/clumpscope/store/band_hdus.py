"""One band of a galaxy in the HDUs of a FITS file: image, variance, mask, PSF."""

import math
from typing import TypeGuard

import numpy as np
from astropy.io import fits
from astropy.stats import mad_std
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.galaxy import BandImage, MaskBit
from clumpscope.errors import ImageError, expected_got

# What to do about a file without a band, and about a band that is no plane.
BY_NAME = "give each band an image HDU with its letter as EXTNAME"
APART = "store each band in an image HDU of its own"

_MASKS = np.arange(sum(MaskBit) + 1)  # every combination of bits


def is_number(value: object) -> TypeGuard[float]:
    """Whether a card holds a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_band(
    band: str,
    hdus: dict[str, fits.ImageHDU],
    wcs: WCS | None,
    width: float | None,
    default_psf: float | None,
) -> BandImage:
    """One band of a galaxy from its HDUs by name.

    Parameters
    ----------
    hdus
        Of all bands, by name: ``<band>`` and, where there are such, ``<band>_VAR``,
        ``<band>_MASK`` and ``<band>_PSF``.
    width
        PSF-FWHM, arcsec, where the header has no PSFFWHM.
    default_psf
        PSF-FWHM, arcsec, where neither has one; it is marked as assumed.

    Raises
    ------
    ImageError
        If a plane is no 2-D image, all NaN or of another shape, or the PSF's width is unknown.
    """
    header = hdus[band].header
    if hdus[band].data is None or hdus[band].data.ndim != 2:
        raise ImageError(expected_got(f"band {band}", "a 2-D image", "none", APART))
    data = hdus[band].data.astype(np.float32)
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
        if given.dtype.kind not in "biuf":
            raise ImageError(
                expected_got(f"band {band} mask", "an image", "none", _leave_out(f"{band}_MASK"))
            )
        mask = np.where(np.isin(given, _MASKS), given, MaskBit.NO_DATA).astype(np.uint8)
    if mask.shape != data.shape:
        remedy = _leave_out(f"{band}_MASK")
        raise ImageError(
            expected_got(f"band {band} mask", f"shape {data.shape}", mask.shape, remedy)
        )
    mask = np.where(finite, mask, mask | MaskBit.NO_DATA).astype(np.uint8)
    data = np.where(finite, data, np.float32(0))
    variance, noise_assumed = _variance(band, hdus, data, mask)
    known = np.isfinite(variance) & (variance >= 0)
    mask = np.where(known, mask, mask | MaskBit.NO_DATA).astype(np.uint8)
    variance = np.where(known, variance, np.float32(0))
    psf_hdu = hdus.get(f"{band}_PSF")
    measured = header.get("PSFFWHM", width)
    fwhm = default_psf if measured is None else measured
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
    assumed = measured is None or ("PSFFWHM" in header and bool(header.get("PSFASSUM", False)))
    try:
        return BandImage(
            data=data,
            variance=variance,
            mask=mask,
            wcs=wcs,
            psf_fwhm_arcsec=float(fwhm),
            psf=None if psf_hdu is None else psf_hdu.data.astype(np.float32),
            psf_assumed=assumed,
            noise_assumed=noise_assumed or bool(header.get("NOISEASS", False)),
        )
    except ImageError as error:
        raise ImageError(f"band {band} {error}") from error


def _leave_out(name: str) -> str:
    return f"mend the HDU {name} or leave it out"


def _variance(
    band: str,
    hdus: dict[str, fits.ImageHDU],
    data: NDArray[np.float32],
    mask: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], bool]:
    """Variance plane and whether it is only an estimate."""
    if f"{band}_VAR" in hdus:
        variance = hdus[f"{band}_VAR"].data.astype(np.float32)
        if variance.shape != data.shape:
            raise ImageError(
                expected_got(
                    f"band {band} variance",
                    f"shape {data.shape}",
                    variance.shape,
                    _leave_out(f"{band}_VAR"),
                )
            )
        return variance, False
    header = hdus[band].header
    keys = ("NMGYPDN", "SKYDN", "GAIN", "DARKVAR")
    if all(key in header for key in keys):
        nmgy_per_dn, sky, gain, dark = (float(header[key]) for key in keys)
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
