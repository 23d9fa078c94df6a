"""Cutouts of the Legacy Surveys' viewer, and the PSFs of their coadds."""

from clumpscope.config.services import ServicesConfig
from clumpscope.core.remote import RemoteFile
from clumpscope.errors import FrameError, expected_got

BANDS = "griz"
PIXSCALE_ARCSEC = 0.262  # of the coadds: fluxes are nanomaggies a pixel on no other
_MOST_PX = 3000  # the viewer gives a smaller image without a word if it is asked for more
_BYTES_A_PIXEL = 4 * (2 * len(BANDS) + 1)
_PSF_BYTES = 70_000


def cutout_files(
    ra: float, dec: float, side_arcsec: float, config: ServicesConfig
) -> list[RemoteFile]:
    """A cube in g, r, i, z with its inverse variance and mask bits, and the PSF in each band.

    Parameters
    ----------
    ra, dec
        ICRS, degrees.
    side_arcsec
        Side of the cutout.

    Raises
    ------
    FrameError
        If the viewer cuts out no such square.
    """
    side = round(side_arcsec / PIXSCALE_ARCSEC)
    if not 0 < side <= _MOST_PX:
        what = f"1 to {_MOST_PX} px, {_MOST_PX * PIXSCALE_ARCSEC:g} arcsec"
        raise FrameError(expected_got("side of a Legacy Surveys cutout", what, f"{side} px"))
    place = (
        *(("ra", f"{ra:.7f}"), ("dec", f"{dec:.7f}")),
        *(("layer", config.legacy_layer), ("bands", BANDS)),
    )
    shape = (("pixscale", str(PIXSCALE_ARCSEC)), ("size", str(side)))
    about = side**2 * _BYTES_A_PIXEL
    name = f"{config.legacy_layer}-{BANDS}.fits"
    return [
        RemoteFile(
            f"cutout-{name}",
            f"{config.legacy}/fits-cutout",
            (*place, *shape, ("invvar", ""), ("maskbits", "")),
            most_mb=4e-6 * about + 10,
            about_bytes=about,
            shape=(side, side),
        ),
        RemoteFile(
            f"psf-{name}",
            f"{config.legacy}/coadd-psf/",
            place,
            most_mb=20.0,
            about_bytes=_PSF_BYTES,
            needed=False,
        ),
    ]
