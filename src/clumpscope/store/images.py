"""Galaxy images on disk: multi-band FITS."""

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS, FITSFixedWarning

from clumpscope.core.bands import known_bands, reference_of
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.grid import Grid, pixel_side_arcsec
from clumpscope.errors import ImageError, expected_got
from clumpscope.store.atomic import atomic
from clumpscope.store.band_hdus import APART, BY_NAME, is_number, read_band
from clumpscope.store.fits_bytes import Cards, image_hdu, primary_hdu
from clumpscope.store.pictures import AGAIN, no_such_image

_WCS_KEYS = (
    *("CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"),
    *("CD1_1", "CD1_2", "CD2_1", "CD2_2", "CDELT1", "CDELT2"),
    *("PC1_1", "PC1_2", "PC2_1", "PC2_2", "CROTA2", "LONPOLE", "RADESYS"),
)
_EXTRAS = ("_VAR", "_MASK", "_PSF")


def write_galaxy(path: Path, image: GalaxyImage) -> None:
    """Write a galaxy: per band an image HDU, ``<band>_VAR``, ``<band>_MASK`` and ``<band>_PSF``.

    A mask without a set bit and a missing PSF image are left out.
    """
    place: Cards = {"OBJECT": image.galaxy_id}
    if np.isfinite(image.ra):
        place |= {"RA": (float(image.ra), "[deg] host"), "DEC": (float(image.dec), "[deg] host")}
    parts = [primary_hdu(place)]
    grid: Cards = {} if image.wcs is None else dict(image.wcs.to_header())
    for band, plane in image.bands.items():
        cards: Cards = {
            **grid,
            "BUNIT": "nanomaggy",
            "PSFFWHM": (float(plane.psf_fwhm_arcsec), "[arcsec] adaptive-moment FWHM"),
            "PSFASSUM": (plane.psf_assumed, "PSF not measured for this image"),
            "NOISEASS": (plane.noise_assumed, "variance from blank sky of this image"),
        }
        parts.append(image_hdu(plane.data.astype(np.float32), band, cards))
        parts.append(image_hdu(plane.variance.astype(np.float32), f"{band}_VAR", {}))
        if plane.mask.any():
            parts.append(image_hdu(plane.mask.astype(np.uint8), f"{band}_MASK", {}))
        if plane.psf is not None:
            parts.append(image_hdu(plane.psf.astype(np.float32), f"{band}_PSF", {}))
    with atomic(path) as temporary:
        temporary.write_bytes(b"".join(parts))


def read_galaxy(
    path: Path,
    bands: Iterable[str] | None = None,
    psf_fwhm_arcsec: Mapping[str, float] | None = None,
    default_psf_fwhm_arcsec: float | None = None,
) -> GalaxyImage:
    """Read a galaxy written by `write_galaxy` or by hand to the same contract.

    ``bands`` must all be there; ``None`` takes those that the file has. Variance comes from
    ``<band>_VAR``, else from the noise keywords NMGYPDN, SKYDN, GAIN, DARKVAR, else from the
    blank sky of the image itself. Names that astropy wrote in upper case (``U``, ``U_VAR``)
    are those of the bands that are known.

    Parameters
    ----------
    psf_fwhm_arcsec
        Band → PSF-FWHM, for bands without PSFFWHM.
    default_psf_fwhm_arcsec
        For bands that have neither; they are marked.

    Raises
    ------
    ImageError
        If the file is missing, truncated or not FITS; a band is missing; shapes or WCS
        differ between bands; the WCS is not of ICRS or FK5; a band is all NaN; the PSF is
        absent or not positive.
    """
    with _opened(path) as hdus:
        return _galaxy(path, hdus, bands, psf_fwhm_arcsec or {}, default_psf_fwhm_arcsec)


def read_grid(
    path: Path, psf_fwhm_arcsec: Mapping[str, float], default_psf_fwhm_arcsec: float
) -> Grid:
    """Read the pixel grid of a galaxy from its headers; parameters as of `read_galaxy`.

    Raises
    ------
    ImageError
        If the file is missing, not FITS or without a band, or the WCS is not of ICRS or FK5.
    """
    with _opened(path) as hdus:
        by_name = _by_name(_up_to_reference(hdus), ())
        bands = [name for name in by_name if len(name) == 1]
        if not bands:
            raise ImageError(expected_got("bands", "any", "none", BY_NAME))
        band = reference_of(bands)
        header, shape = by_name[band].header, by_name[band].shape
        if len(shape) != 2:
            raise ImageError(expected_got(f"band {band}", "a 2-D image", f"shape {shape}", APART))
        wcs = _wcs(header)
        if wcs is None:
            return Grid(shape)
        known = header.get("PSFFWHM", psf_fwhm_arcsec.get(band))
        fwhm = default_psf_fwhm_arcsec if known is None else float(known)
        return Grid(shape, wcs, fwhm / pixel_side_arcsec(wcs))


def _up_to_reference(hdus: fits.HDUList) -> Iterator[fits.ImageHDU]:
    """HDUs up to the band that would be taken first: headers are slow to read."""
    for hdu in hdus:
        yield hdu
        if hdu.header.get("EXTNAME") == reference_of(known_bands()):
            return


@contextmanager
def _opened(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file; what turns out to be wrong with it is an `ImageError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            # astropy only warns of a broken file and drops its last bands.
            warnings.filterwarnings("error", "(?s).*(truncated|corrupted)", AstropyUserWarning)
            with path.open("rb") as stream, fits.open(stream, memmap=False) as hdus:
                yield hdus
    except FileNotFoundError:
        raise ImageError(no_such_image(path)) from None
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        fits.VerifyError,
        AstropyUserWarning,
    ) as error:
        raise ImageError(
            f"{path}: truncated or not a FITS image: {' '.join(str(error).split())}; {AGAIN}"
        ) from error


def _galaxy(
    path: Path,
    hdus: fits.HDUList,
    bands: Iterable[str] | None,
    widths: Mapping[str, float],
    default_psf: float | None,
) -> GalaxyImage:
    asked = None if bands is None else list(bands)
    by_name = _by_name(hdus, asked or ())
    present = [name for name in by_name if len(name) == 1]
    wanted = present if asked is None else asked
    missing = [band for band in wanted if band not in by_name]
    if missing or not wanted:
        raise ImageError(
            expected_got(
                "bands",
                " ".join(wanted) or "any",
                " ".join(present) or "none",
                BY_NAME,
            )
        )
    first = by_name[wanted[0]].header
    for band in wanted[1:]:
        for key in _WCS_KEYS:
            if not _same(by_name[band].header.get(key), first.get(key)):
                raise ImageError(
                    expected_got(
                        f"band {band} {key}",
                        f"{first.get(key)} as in {wanted[0]}",
                        by_name[band].header.get(key),
                        "resample the bands onto one pixel grid",
                    )
                )
    wcs = _wcs(first)
    planes = {band: read_band(band, by_name, wcs, widths.get(band), default_psf) for band in wanted}
    ra, dec = (hdus[0].header.get(key) for key in ("RA", "DEC"))
    if not (is_number(ra) and is_number(dec)):
        ra = dec = math.nan
    return GalaxyImage(path.stem, planes, float(ra), float(dec))


def _by_name(hdus: Iterable[fits.ImageHDU], asked: Iterable[str]) -> dict[str, fits.ImageHDU]:
    """HDUs by name; case matters here, and astropy's own look-up ignores it."""
    by_name = {str(hdu.header.get("EXTNAME", "")): hdu for hdu in hdus}
    letters = {name for name in by_name if len(name) == 1}
    if {name.lower() for name in letters} <= set(known_bands()):  # else perhaps U B V R I
        upper = {band.upper() for band in known_bands()} - set(asked)
        upper -= {name for name in letters if name.lower() in letters - {name}}
        names = {name[:1].lower() + name[1:]: name for name in by_name if name[:1] in upper}
        for lower, name in names.items():
            if lower not in by_name and name[1:] in ("", *_EXTRAS):
                by_name = {lower if old == name else old: hdu for old, hdu in by_name.items()}
    return by_name


def _same(a: object, b: object) -> bool:
    """Whether two cards agree, numbers but for rounding."""
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-14)
    return a == b


def _wcs(header: fits.Header) -> WCS | None:
    wcs = WCS(header) if "CTYPE1" in header else None
    if wcs is None or not wcs.has_celestial:
        return None
    axes = sorted(str(ctype).split("-")[0] for ctype in wcs.celestial.wcs.ctype)
    system = str(wcs.wcs.radesys).strip().upper()
    equinox = float(wcs.wcs.equinox)
    # By the FITS standard, positions of before 1984 are FK4.
    if not system and equinox < 1984:
        system = "FK4"
    if axes != ["DEC", "RA"] or system not in ("", "ICRS", "FK5"):
        raise ImageError(
            expected_got(
                "WCS",
                "RA and DEC in ICRS or FK5",
                f"{' '.join(axes)} {system}".strip(),
                "transform it, or take it out and have the image saved as a picture",
            )
        )
    return wcs
