"""Names that people give to an id and a position in tables of their own.

Each in the form of `simplified`, in the order in which they are looked for.
"""

import re

ID_NAMES = ("galaxyid", "objid", "specobjid", "dr7objid", "name", "id")
RA_NAMES = ("ra", "raj2000", "radeg", "rightascension", "raicrs", "alphaj2000")
DEC_NAMES = (
    *("dec", "de", "dej2000", "decj2000", "dedeg", "decdeg", "declination"),
    *("deicrs", "decicrs", "deltaj2000"),
)


def simplified(name: str) -> str:
    """A column's name as small letters and digits alone: ``_RAJ2000`` is ``raj2000``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
