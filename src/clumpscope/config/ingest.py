"""Settings of `ingest`."""

from typing import Annotated, Literal

from pydantic import Field

from clumpscope.config.base import Positive, Section
from clumpscope.config.survey import Magnitude

Asked = Annotated[str | None, Field(examples=["hsc"])]


class IngestConfig(Section):
    """Own files of any survey: what they do not say themselves."""

    survey: Asked = None
    """Survey profile: a name, or a file of one's own. Not set: by the headers, else none."""
    bands: tuple[str, ...] = ()
    """Bands of a cube's layers, in order, or of files that name none, if they do not say it."""
    unit: Annotated[str | None, Field(examples=["nanomaggy"])] = None
    """Unit of pixels, if headers have no BUNIT."""
    zero_point: Annotated[Magnitude | dict[str, Magnitude] | None, Field(examples=[27.0])] = None
    """AB magnitude of one count, or of one a band, if headers do not say it."""
    psf_fwhm_arcsec: Positive = 1.3
    """PSF-FWHM that is assumed, and flagged, where nothing tells it, profile and stars included."""
    grid_band: Annotated[str | None, Field(examples=["r"])] = None
    """Band whose pixels are kept. Not set: the one that shows the host best, if not too coarse."""
    sky: Literal["keep", "subtract"] = "keep"
    """Whether the level of the blank sky is left in, and told, or taken off."""
    whole_arcsec: Positive = 400.0
    """Images of up to this side are galaxies; of larger ones, targets are cut out, arcsec."""
