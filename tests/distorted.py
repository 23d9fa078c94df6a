"""WCS with distortions, as real as can be made of a few numbers."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, Sip

from builders import tan_wcs


def sip_wcs(shape=(200, 200), side=0.4, turn=0.0, flip=False, strength=1.0):
    """TAN with SIP: pixels differ in size by some percent over 200 px."""
    wcs = tan_wcs(shape, side, turn, flip=flip)
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    a, b = np.zeros((2, 4, 4))
    a[2, 0], a[0, 2], a[1, 2] = 6e-5, -2e-5, 2e-7
    b[1, 1], b[0, 2], b[3, 0] = -4e-5, 3e-5, -1e-7
    wcs.sip = Sip(a * strength, b * strength, None, None, wcs.wcs.crpix)
    wcs.wcs.set()
    return wcs


def tpv_wcs(scale=1.01, x2=0.3):
    header = fits.Header(tan_wcs((200, 200), 0.4, 25.0).to_header())
    header.update({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_0": 1e-6, "PV1_1": scale})
    header.update({"PV1_2": 3.3e-4, "PV1_4": x2, "PV2_1": scale, "PV2_5": 0.123456789012345})
    return WCS(header)
