"""Sizes of a galaxy's planes, from its headers, before any of them is read."""

from collections.abc import Mapping

from astropy.io import fits

from clumpscope.config.limits import LimitsConfig
from clumpscope.errors import ImageError, expected_got
from clumpscope.ops.fits_tiles import check_tiles
from clumpscope.ops.psf import gaussian_side
from clumpscope.store.band_hdus import EXTRAS, leave_out
from clumpscope.store.plain_fits import PlainHdu

_APART = "store each band in an image HDU of its own"
_IMAGES = (PlainHdu, fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)
_BAND_BYTES = 9  # a pixel in memory: data, variance and mask


def check_sizes(hdus: Mapping[str, fits.ImageHDU], limits: LimitsConfig) -> None:
    """Check planes of bands, and ``_VAR``, ``_MASK`` and ``_PSF`` of these, by name.

    Raises
    ------
    ImageError
        If one is no 2-D image, or it or all of them together are larger than allowed.
    """
    total = 0
    for name, hdu in hdus.items():
        ny, nx = plane_shape(name, hdu)
        if name.endswith("_PSF"):
            if max(ny, nx) > limits.psf_px:
                most = f"at most {limits.psf_px} px a side ([limits] psf_px)"
                raise ImageError(expected_got(f"HDU {name}", most, f"{nx} × {ny} px"))
        else:
            check_pixels(f"HDU {name}", (ny, nx), limits)
        each = max(4, abs(int(hdu.header["BITPIX"])) // 8)
        total += ny * nx * max(each, 0 if _beside(name) else _BAND_BYTES)
        if isinstance(hdu, fits.CompImageHDU):
            check_tiles(name, hdu)
    if total > limits.decompressed_mb * 1e6:
        raise ImageError(
            expected_got(
                "all planes",
                f"at most {limits.decompressed_mb:g} MB in memory ([limits] decompressed_mb)",
                f"{total / 1e6:.0f} MB",
            )
        )


def check_pixels(what: object, shape: tuple[int, int], limits: LimitsConfig) -> None:
    """Check the pixels of one plane of ``shape`` (ny, nx).

    Raises
    ------
    ImageError
        If there are more than allowed.
    """
    ny, nx = shape
    if ny * nx > limits.cutout_px:
        most = f"at most {limits.cutout_px} px ([limits] cutout_px)"
        raise ImageError(expected_got(what, most, f"{nx} × {ny} px"))


def check_psf_width(
    what: str, fwhm_arcsec: float, pixscale_arcsec: float, limits: LimitsConfig
) -> None:
    """Check that the image of a PSF of such a width would not be too large.

    Raises
    ------
    ImageError
        If it would.
    """
    side = gaussian_side(fwhm_arcsec / pixscale_arcsec)
    if not side <= limits.psf_px:
        raise ImageError(
            expected_got(
                f"{what} PSF-FWHM",
                f"a PSF image of at most {limits.psf_px} px a side ([limits] psf_px)",
                f"{side:g} px for {fwhm_arcsec:g} arcsec at {pixscale_arcsec:g} arcsec a pixel",
            )
        )


def plane_shape(name: str, hdu: fits.ImageHDU) -> tuple[int, int]:
    """(ny, nx) of a plane, as its header says.

    Raises
    ------
    ImageError
        If it is no 2-D image.
    """
    shape: tuple[int, ...] = hdu.shape if isinstance(hdu, _IMAGES) else ()
    if len(shape) != 2:
        got = f"shape {shape}" if shape else "none"
        what, remedy = (name, leave_out(name)) if _beside(name) else (f"band {name}", _APART)
        raise ImageError(expected_got(what, "a 2-D image", got, remedy))
    return int(shape[0]), int(shape[1])


def _beside(name: str) -> bool:
    """Whether a plane stands beside that of a band; a band's own name has no underscore."""
    return name.endswith(EXTRAS)
