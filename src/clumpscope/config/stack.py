"""Settings of what a detector of the family ``psf`` sees: bands at the scale of the PSF."""

from typing import Annotated

from pydantic import Field

from clumpscope.config.base import BandNames, NotNegative, Positive, Section


class StackConfig(Section):
    """Bands at the scale of the PSF, over their sky noise, compressed; the host and its edge."""

    bands: BandNames = ("u", "g", "r", "i", "z")
    """Bands that are looked at, in this order; an image may lack some, but not all, of them."""
    fwhm_px: Annotated[float, Field(ge=1, le=16)] = 3.0
    """PSF-FWHM of the reference band (r where there is one) on the new pixels."""
    margin_fwhm: NotNegative = 3.0
    """Width of the rim about the host's outline that is looked at, too, PSF-FWHM; the whole image
    is looked at if it shows no host."""
    longest_px: Annotated[int, Field(ge=16, le=4096)] = 768
    """Larger hosts are put on coarser pixels."""
    compression: Positive = 3.0
    """Pixels over their sky noise pass asinh and are divided by this."""
