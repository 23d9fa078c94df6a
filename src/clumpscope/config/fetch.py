"""Settings of `fetch`."""

from clumpscope.config.base import Positive, Section


class FetchConfig(Section):
    """Cutouts from survey frames."""

    field_r90: Positive = 6.0
    """Side of a cutout in r-band Petrosian R90 (Galaxy Zoo: Clump Scout)."""
    min_size_arcsec: Positive = 20.0
    """Side of the smallest cutouts, arcsec."""
    max_size_arcsec: Positive = 400.0
    """Side of the largest cutouts, arcsec."""
