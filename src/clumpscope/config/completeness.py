"""Settings of `completeness`."""

from typing import Annotated

from pydantic import Field

from clumpscope.config.base import Section


class CompletenessConfig(Section):
    """The selection function, fitted to clumps whose truth is known; docs/completeness.md."""

    members: Annotated[int, Field(ge=2, le=500)] = 30
    """Fits to resampled hosts, whose scatter is the error."""
