"""Small valid objects for tests of the types and the store."""

import numpy as np
from astropy.wcs import WCS

from clumpscope.core.galaxy import BandImage, GalaxyImage

RA, DEC = 229.5256, 42.7460


def tan_wcs(
    shape=(40, 40), pixscale_arcsec=0.396, rotation_deg=0.0, flip=False, ra=RA, dec=DEC
) -> WCS:
    """Tangential WCS, reference in the middle; not flipped means east left when north is up."""
    ny, nx = shape
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(nx + 1) / 2, (ny + 1) / 2]
    angle = np.deg2rad(rotation_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    parity = np.diag([1.0 if flip else -1.0, 1.0])
    wcs.wcs.cd = parity @ rotation * pixscale_arcsec / 3600
    return wcs


def band_image(shape=(40, 40), seed=0, **changes) -> BandImage:
    rng = np.random.default_rng(seed)
    values = {
        "data": rng.normal(0, 0.02, shape).astype(np.float32),
        "variance": np.full(shape, 0.0004, dtype=np.float32),
        "mask": np.zeros(shape, dtype=np.uint8),
        "wcs": tan_wcs(shape),
        "psf_fwhm_arcsec": 1.3,
    }
    return BandImage(**{**values, **changes})


def galaxy_image(galaxy_id="g1", bands="ugriz", shape=(40, 40), **changes) -> GalaxyImage:
    planes = {band: band_image(shape, seed, **changes) for seed, band in enumerate(bands)}
    return GalaxyImage(galaxy_id, planes, RA, DEC)
