"""Settings of `fetch` over the network: where the archives are, and manners towards them."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from clumpscope.config.base import Count, NotNegative, Positive, Section

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~-]+)*/?")
_WORD = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$"


def _address(text: str) -> str:
    # No user, no query: secrets have no place in a recipe.
    if not _ADDRESS.fullmatch(text):
        raise ValueError("must be a plain address such as https://host/path")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
Word = Annotated[str, Field(pattern=_WORD)]


class MannersConfig(Section):
    """How politely and how stubbornly a host is asked."""

    at_once: Annotated[int, Field(ge=1, le=16)] = 4
    """Requests to one host at a time."""
    attempts: Count = 6
    """How often one file is tried before it is given up."""
    pause_s: NotNegative = 0.5
    """Longest pause before the second attempt, s; doubles, and is drawn at random below that."""
    longest_pause_s: NotNegative = 120.0
    """Longest pause, s; a host that asks for more by Retry-After is given up for now."""
    timeout_s: Positive = 30.0
    """Time in which something must come, s."""
    least_kb_per_s: NotNegative = 1.0
    """A transfer that is slower than this over a time-out is broken off and gone on with."""


class ServicesConfig(Section):
    """Addresses of the archives, and which of their data."""

    manners: MannersConfig = MannersConfig()
    sdss_archive: Address = "https://data.sdss.org/sas/dr17"
    """Frames (`eboss/photoObj`) and psFields (`eboss/photo/redux`) of SDSS."""
    sdss_catalogue: Address = "https://skyserver.sdss.org/dr17/SkyServerWS/SearchTools/SqlSearch"
    """Where SDSS answers SQL."""
    hsc: Address = "https://hsc-release.mtk.nao.ac.jp"
    """Cutouts and PSFs of HSC's public releases."""
    hsc_release: Word = "pdr3"
    """Public release of HSC."""
    hsc_rerun: Word = "pdr3_wide"
    """Layer of it: `pdr3_wide` or `pdr3_dud`."""
    legacy: Address = "https://www.legacysurvey.org/viewer"
    """Cutouts and PSFs of the Legacy Surveys."""
    legacy_layer: Word = "ls-dr10"
    """Release of the Legacy Surveys."""
    sesame: Address = "https://cds.unistra.fr/cgi-bin/nph-sesame"
    """Resolver of names."""
    match_arcsec: Positive = 3.0
    """A catalogued object farther from a target is another one, arcsec."""
    batch: Annotated[int, Field(ge=1, le=200)] = 50
    """Positions in one question to a catalogue."""
    cache_gb: NotNegative = 20.0
    """Most that kept frames take on the disk, GB; the oldest go first, with 0 all that are cut."""
