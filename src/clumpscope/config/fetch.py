"""Settings of `fetch`."""

from clumpscope.config.base import Positive, Section


class FetchConfig(Section):
    """Cutouts from survey frames."""

    field_r90: Positive = 6.0  # side of the cutout in r-band Petrosian R90
    min_size_arcsec: Positive = 20.0
    max_size_arcsec: Positive = 400.0
