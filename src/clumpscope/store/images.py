"""Galaxy images on disk: multi-band FITS."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import FITSFixedWarning

from clumpscope.config.fetch import Compression
from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.core.bands import known_bands, reference_of
from clumpscope.core.frames import middle_of
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.grid import Grid, pixel_side_arcsec
from clumpscope.errors import ImageError, expected_got
from clumpscope.files.fits_headers import count_hdus
from clumpscope.files.unpacked import unpacked
from clumpscope.store.atomic import atomic
from clumpscope.store.band_hdus import BY_NAME, EXTRAS, host_position, psf_width, read_band
from clumpscope.store.band_names import as_known, bands_in
from clumpscope.store.fits_bytes import Cards, primary_hdu
from clumpscope.store.image_sizes import check_psf_width, check_sizes, plane_shape
from clumpscope.store.image_wcs import grid_cards, image_wcs, same_grid
from clumpscope.store.pictures import AGAIN, no_such_image
from clumpscope.store.plain_fits import plain_hdus
from clumpscope.store.planes import plain_planes, quantised_planes


def write_galaxy(path: Path, image: GalaxyImage, compression: Compression = "none") -> None:
    """Write a galaxy: per band an image HDU, ``<band>_VAR``, ``<band>_MASK`` and ``<band>_PSF``.

    A mask without a set bit and a missing PSF image are left out. If ``quantised``, planes are
    compressed tiles of the same names, see `clumpscope.store.planes`.
    """
    place: Cards = {"OBJECT": image.galaxy_id}
    if np.isfinite(image.ra):
        place |= {"RA": (float(image.ra), "[deg] host"), "DEC": (float(image.dec), "[deg] host")}
    parts = [primary_hdu(place)]
    grid: Cards = {} if image.wcs is None else grid_cards(image.wcs)
    written = quantised_planes if compression == "quantised" else plain_planes
    for band, plane in image.bands.items():
        cards: Cards = {
            **grid,
            "BUNIT": "nanomaggy",
            "PSFFWHM": (float(plane.psf_fwhm_arcsec), "[arcsec] adaptive-moment FWHM"),
            "PSFASSUM": (plane.psf_assumed, "PSF not measured for this image"),
            "NOISEASS": (plane.noise_assumed, "variance from blank sky of this image"),
        }
        parts += written(band, plane, cards)
    with atomic(path) as temporary:
        temporary.write_bytes(b"".join(parts))


def read_galaxy(
    path: Path,
    bands: Iterable[str] | None = None,
    psf_fwhm_arcsec: Mapping[str, float] | None = None,
    default_psf_fwhm_arcsec: float | None = None,
    limits: LimitsConfig = LIMITS,
) -> GalaxyImage:
    """Read a galaxy written by `write_galaxy` or by hand to the same contract.

    ``bands`` must all be there; ``None`` takes those that the file has. Variance comes from
    ``<band>_VAR``, else from the noise keywords NMGYPDN, SKYDN, GAIN, DARKVAR, else from the
    blank sky of the image itself. Names that astropy wrote in upper case (``U``, ``U_VAR``)
    are those of the bands that are known. The file may be packed with gzip or bzip2.

    Parameters
    ----------
    psf_fwhm_arcsec
        Band → PSF-FWHM, for bands without PSFFWHM.
    default_psf_fwhm_arcsec
        For bands that have neither; they are marked.
    limits
        Most that it may hold: sizes are read from the headers before the data.

    Raises
    ------
    ImageError
        If the file is missing, truncated or not FITS; a band is missing; shapes or WCS
        differ between bands; the WCS is useless, or not of ICRS or FK5; a band is all NaN; the
        PSF is absent or not positive; anything exceeds the limits.
    """
    with _opened(path, limits) as hdus:
        widths = psf_fwhm_arcsec or {}
        return _galaxy(path, list(hdus), bands, widths, default_psf_fwhm_arcsec, limits)


def read_grid(
    path: Path,
    psf_fwhm_arcsec: Mapping[str, float],
    default_psf_fwhm_arcsec: float,
    limits: LimitsConfig = LIMITS,
) -> Grid:
    """Read the pixel grid of a galaxy from its headers; parameters as of `read_galaxy`.

    Raises
    ------
    ImageError
        If the file is missing, not FITS or without a band, the WCS is useless, or not of ICRS
        or FK5, or anything exceeds the limits.
    """
    with _opened(path, limits) as hdus:
        by_name = _by_name(_up_to_reference(hdus), ())
        bands = bands_in(_headers(by_name))
        if not bands:
            raise ImageError(expected_got("bands", "any", "none", BY_NAME))
        band = reference_of(bands)
        check_sizes({band: by_name[band]}, limits)
        header, shape = by_name[band].header, plane_shape(band, by_name[band])
        wcs = image_wcs(header)
        if wcs is None:
            return Grid(shape)
        fwhm = psf_width(band, header, psf_fwhm_arcsec.get(band), default_psf_fwhm_arcsec)
        side = pixel_side_arcsec(wcs, middle_of(shape))
        check_psf_width(f"band {band}", fwhm, side, limits)
        return Grid(shape, wcs, fwhm / side)


def _up_to_reference(hdus: Iterable[fits.ImageHDU]) -> Iterator[fits.ImageHDU]:
    """HDUs up to the band that would be taken first: headers are slow to read."""
    for hdu in hdus:
        yield hdu
        if hdu.header.get("EXTNAME") == reference_of(known_bands()):
            return


@contextmanager
def _opened(path: Path, limits: LimitsConfig) -> Iterator[Iterator[fits.ImageHDU]]:
    """Open a FITS file; what turns out to be wrong with it is an `ImageError`."""
    try:
        stream = unpacked(path, ImageError, limits.decompressed_mb, "[limits] decompressed_mb")
    except FileNotFoundError:
        raise ImageError(no_such_image(path)) from None
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from error
    with stream:
        plain = plain_hdus(stream)
        count = count_hdus(stream, path, ImageError) if plain is None else len(plain)
        try:
            if plain is not None:
                yield iter(plain)
                return
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FITSFixedWarning)
                # astropy only warns of a broken file and drops its last bands.
                warnings.filterwarnings("error", "(?s).*(truncated|corrupted)", AstropyUserWarning)
                with fits.open(stream, memmap=False) as hdus:
                    yield islice(hdus, count)
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from error
        except fits.VerifyError as error:
            text = " ".join(str(error).split())
            raise ImageError(f"{path}: a header is not FITS: {text}; {AGAIN}") from error
        except (
            OSError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            AstropyUserWarning,
        ) as error:
            text = " ".join(str(error).split())
            raise ImageError(f"{path}: truncated or not a FITS image: {text}; {AGAIN}") from error


def _galaxy(
    path: Path,
    hdus: list[fits.ImageHDU],
    bands: Iterable[str] | None,
    widths: Mapping[str, float],
    default_psf: float | None,
    limits: LimitsConfig,
) -> GalaxyImage:
    asked = None if bands is None else list(bands)
    by_name = _by_name(hdus, asked or ())
    present = bands_in(_headers(by_name))
    wanted = list(present) if asked is None else asked
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
    names = [f"{band}{extra}" for band in wanted for extra in ("", *EXTRAS)]
    check_sizes({name: by_name[name] for name in names if name in by_name}, limits)
    same_grid({band: by_name[band].header for band in wanted})
    wcs = image_wcs(by_name[wanted[0]].header)
    middle = middle_of(plane_shape(wanted[0], by_name[wanted[0]]))
    side = None if wcs is None else pixel_side_arcsec(wcs, middle)
    planes = {}
    for band in wanted:
        fwhm = psf_width(band, by_name[band].header, widths.get(band), default_psf)
        if side is not None:
            check_psf_width(f"band {band}", fwhm, side, limits)
        planes[band] = read_band(band, by_name, wcs, fwhm, width_known=band in widths)
    return GalaxyImage(path.stem, planes, *host_position(hdus[0].header))


def _headers(by_name: Mapping[str, fits.ImageHDU]) -> dict[str, fits.Header]:
    return {name: hdu.header for name, hdu in by_name.items()}


def _by_name(hdus: Iterable[fits.ImageHDU], asked: Iterable[str]) -> dict[str, fits.ImageHDU]:
    """HDUs by name; case matters here, and astropy's own look-up ignores it."""
    by_name = {str(hdu.header.get("EXTNAME", "")): hdu for hdu in hdus}
    return as_known(by_name, asked)
