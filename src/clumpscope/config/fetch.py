"""Settings of `fetch`."""

from typing import Literal

from clumpscope.config.base import Positive, Section

Compression = Literal["none", "quantised"]


class FetchConfig(Section):
    """Cutouts from survey frames."""

    field_r90: Positive = 6.0
    """Side of a cutout in r-band Petrosian R90 (Galaxy Zoo: Clump Scout)."""
    min_size_arcsec: Positive = 20.0
    """Side of the smallest cutouts, arcsec."""
    max_size_arcsec: Positive = 400.0
    """Side of the largest cutouts, arcsec."""
    compression: Compression = "none"
    """How images are written: "quantised" makes them several times smaller, in steps of an eighth
    of the noise, dithered, which plain FITS readers undo; fluxes stay to 0.1 %."""
