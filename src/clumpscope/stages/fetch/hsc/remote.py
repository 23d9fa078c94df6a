"""Cutouts of HSC's public releases, and PSFs from their PSF picker."""

from clumpscope.config.services import ServicesConfig
from clumpscope.core.remote import RemoteFile
from clumpscope.errors import FrameError, expected_got

FILTERS = {"g": "HSC-G", "r": "HSC-R", "i": "HSC-I", "z": "HSC-Z", "y": "HSC-Y"}
PIXSCALE_ARCSEC = 0.168
_MOST_ARCSEC = 2100.0  # 35', the most that the service cuts out
_BYTES_A_PIXEL = 12  # image, mask and variance
_PSF_BYTES = 30_000


def cutout_files(
    ra: float, dec: float, side_arcsec: float, config: ServicesConfig
) -> list[RemoteFile]:
    """Cutout (image, mask, variance) and PSF in each band around a position.

    Parameters
    ----------
    ra, dec
        ICRS, degrees.
    side_arcsec
        Side of the cutout.

    Raises
    ------
    FrameError
        If the service cuts out no such square.
    """
    if not 0 < side_arcsec <= _MOST_ARCSEC:
        what = f"at most {_MOST_ARCSEC:g} arcsec"
        raise FrameError(expected_got("side of an HSC cutout", what, side_arcsec))
    position = (("ra", f"{ra:.7f}"), ("dec", f"{dec:.7f}"))
    half = f"{side_arcsec / 2:.3f}asec"  # sw and sh are half of the sides
    about = round((side_arcsec / PIXSCALE_ARCSEC) ** 2 * _BYTES_A_PIXEL)
    files = []
    for name in FILTERS.values():
        place = (("filter", name), ("tract", ""), ("rerun", config.hsc_rerun), ("type", "coadd"))
        planes = tuple((plane, "on") for plane in ("image", "mask", "variance"))
        cutout = (*position, ("sw", half), ("sh", half), *place, *planes)
        files += [
            RemoteFile(
                f"cutout-{name}-{config.hsc_rerun}.fits",
                f"{config.hsc}/das_cutout/{config.hsc_release}/cgi-bin/cutout",
                cutout,
                most_mb=4e-6 * about + 10,
                about_bytes=about,
                needed=False,  # not every band is everywhere
            ),
            RemoteFile(
                f"psf-{name}-{config.hsc_rerun}.fits",
                f"{config.hsc}/psf/{config.hsc_release}/cgi/getpsf",
                (*position, *place, ("patch", ""), ("centered", "true")),
                most_mb=10.0,
                about_bytes=_PSF_BYTES,
                needed=False,
            ),
        ]
    return files
