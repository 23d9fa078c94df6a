"""FITS files of galaxies as others write them: the least that the contract asks for."""

import numpy as np
from astropy.io import fits

from builders import tan_wcs


def by_hand(path, bands="gr", edit=None, **cards):
    """Write the least that the contract asks for, then what ``edit`` makes of it."""
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for seed, band in enumerate(bands):
        data = np.random.default_rng(seed).normal(0, 0.02, (40, 40)).astype(np.float32)
        hdu = fits.ImageHDU(data, tan_wcs().to_header(), name=band)
        hdu.header["EXTNAME"] = band
        hdu.header.update({"BUNIT": "nanomaggy", "PSFFWHM": 1.3, **cards})
        hdus.append(hdu)
    if edit:
        edit(hdus)
    hdus.writeto(path, overwrite=True)
    return path


def extra(name, data):
    hdu = fits.ImageHDU(data)
    hdu.header["EXTNAME"] = name
    return hdu
