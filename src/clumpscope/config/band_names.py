"""What a band may be called: in recipes, images and tables. Imports no pydantic."""

import re
from collections import Counter
from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")
NAMED_SO = "a letter, then at most 15 letters or digits, such as g, VIS or F814W"

# What image files call other planes, and tables the rest of a column's name.
_PLANES = """
primary image data sci science con model residual err error errors sigma rms std stdev var
variance ivar invvar weight weights wht wgt wt exp exptime exposure nexp coverage area dq mask
masks msk maskbits bpm flag flags flg qual quality bits psf bkg bkgd background sky seg
segmentation segmap objects catalog catalogue table info header history provenance wcs wcscorr
wcsdvarr d2imarr hdrlet hdrtab asdf calibration photocalib archive
"""
_COLUMNS = """
arcsec arcmin deg px pix pixel pixels kpc mag mags nmgy jy flux total ratio corr limit gaussian
moffat published auto aper mean median min max
"""
_OTHERS = frozenset((_PLANES + _COLUMNS).split())


def is_band_name(name: str) -> bool:
    """Whether a band may be called so: `NAMED_SO`, and no word for another plane or column."""
    return _NAME.fullmatch(name) is not None and name.lower() not in _OTHERS


def alike(names: Iterable[str]) -> tuple[str, ...]:
    """Those names that differ from another by case alone: FITS tables cannot hold both."""
    names = tuple(dict.fromkeys(names))
    times = Counter(name.lower() for name in names)
    return tuple(name for name in names if times[name.lower()] > 1)
