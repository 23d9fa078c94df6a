"""SDSS as a survey to fetch from: a local mirror of its corrected frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.field import Band
from clumpscope.errors import FrameError
from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import GRID_BAND, FieldKey, Mirror, open_mirror
from clumpscope.stages.fetch.survey import FrameSurvey


@dataclass(frozen=True, eq=False)
class Sdss(FrameSurvey[FieldKey]):
    """The fields that ``mirror`` holds."""

    mirror: Mirror

    @classmethod
    def open(cls, frames: Path) -> Self:
        """Index a folder of frames, see `open_mirror`."""
        return cls(open_mirror(frames))

    def fields(
        self,
        ids: Sequence[str],  # noqa: ARG002
        ra: NDArray[np.float64],
        dec: NDArray[np.float64],
    ) -> list[FieldKey | FrameError]:
        """The field in which each position is farthest from the edges, else why there is none."""
        return [
            place if isinstance(place, FieldKey) else FrameError(place)
            for place in self.mirror.best_fields(ra, dec)
        ]

    def load(self, field: FieldKey) -> dict[str, Band]:
        """u, g, r, i and z of a field, see `load_field`."""
        return load_field(self.mirror, field)

    def grid_band(self, bands: Mapping[str, Band]) -> str:  # noqa: ARG002
        """r, always."""
        return GRID_BAND

    def only(self, field: FieldKey) -> Self:
        """Files of one field."""
        return type(self)(self.mirror.only(field))


SURVEY = Sdss
