"""What a survey must give so that targets are cut out of it, and how they are."""

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.limits import LIMITS, LimitsConfig
from clumpscope.core.field import Band
from clumpscope.engine.watch import time_limit
from clumpscope.errors import FrameError, reason
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure, cut_galaxy
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import Target, Targets

Field = TypeVar("Field", bound=Hashable)


class Survey(Protocol[Field]):
    """An opened survey; ``Field`` is what it tells its fields apart by, in messages too."""

    def fields(
        self, ids: Sequence[str], ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> Sequence[Field | FrameError]:
        """For each target the field that holds its position best, else why there is none.

        Parameters
        ----------
        ids
            Of the targets, for surveys that have an image of each.
        ra, dec
            (N,) degrees.
        """
        ...

    def load(self, field: Field) -> Mapping[str, Band]:
        """Read a field's bands, each of its files once, in the order that images shall have.

        Raises
        ------
        ClumpscopeError
            If one is missing or unusable.
        """
        ...

    def grid_band(self, bands: Mapping[str, Band]) -> str:
        """Of a field's bands, whose pixels are kept and in which hosts are measured.

        The others are resampled.
        """
        ...

    def only(self, field: Field) -> Self:
        """The survey with one of its fields alone, small enough to be sent to another process."""
        ...


class FrameSurvey(Survey[Field], Protocol):
    """A survey whose archive can be mirrored: a folder of frames."""

    @classmethod
    def open(cls, frames: Path) -> Self:
        """Look what a folder of the survey's frames holds.

        Raises
        ------
        FrameError
            If it is no such folder.
        """
        ...


def fetch(
    survey: Survey[Field],
    targets: Targets,
    config: FetchConfig,
    size_arcsec: float | None = None,
    *,
    whole: Container[str] = (),
    limits: LimitsConfig = LIMITS,
) -> Iterator[Fetched | FetchFailure]:
    """Cut every target out of the field that holds it best; one result a target.

    Results come field by field, not in the order of the list: each field is read once, and
    one is in memory at a time. What fails (target off all fields, band missing, frame
    truncated, no star for the PSF) becomes a `FetchFailure`, and the rest goes on.

    Parameters
    ----------
    survey
        See `clumpscope.stages.fetch.registry.open_survey`.
    targets
        The list, see `clumpscope.stages.fetch.targets.make_targets`.
    config
        Size of the cutouts.
    size_arcsec
        Side of all cutouts; else ``config.field_r90`` times the galaxy's Petrosian R90, given or
        measured, within the limits of ``config`` (the lower one if it cannot be measured).
    whole
        Ids of targets whose field is their image, as it is.
    limits
        Of a target's image, and of the time that it, or reading a field, may take.
    """
    fields, lost = by_field(survey, targets)
    yield from lost
    for field, inside in fields.items():
        yield from cut_field(survey, field, inside, config, size_arcsec, whole=whole, limits=limits)


def by_field(
    survey: Survey[Field], targets: Targets
) -> tuple[dict[Field, list[Target]], list[FetchFailure]]:
    """Targets of each field, in the order of the list, and those that no field holds."""
    wanted = list(targets)
    ra, dec = (np.array([getattr(target, name) for target in wanted]) for name in ("ra", "dec"))
    fields: dict[Field, list[Target]] = {}
    lost = []
    ids = [target.galaxy_id for target in wanted]
    for target, place in zip(wanted, survey.fields(ids, ra, dec), strict=True):
        if isinstance(place, FrameError):
            lost.append(FetchFailure(target.galaxy_id, STAGE, str(place)))
        else:
            fields.setdefault(place, []).append(target)
    return fields, lost


def cut_field(
    survey: Survey[Field],
    field: Field,
    targets: Sequence[Target],
    config: FetchConfig,
    size_arcsec: float | None = None,
    *,
    whole: Container[str] = (),
    limits: LimitsConfig = LIMITS,
) -> Iterator[Fetched | FetchFailure]:
    """Cut the targets of one field out of it; parameters as of `fetch`."""
    try:
        with time_limit(limits.seconds):
            bands = survey.load(field)
            stars = field_stars(bands)
            grid_band = survey.grid_band(bands)
    except Exception as error:  # one bad field never stops a command
        yield from (FetchFailure(one.galaxy_id, STAGE, reason(error)) for one in targets)
        return
    for target in targets:
        try:
            with time_limit(limits.seconds):
                result = cut_galaxy(
                    target,
                    bands,
                    grid_band,
                    stars,
                    config,
                    size_arcsec,
                    whole=target.galaxy_id in whole,
                    limits=limits,
                )
        except Exception as error:
            why = f"field {field}: {reason(error)}"
            yield FetchFailure(target.galaxy_id, STAGE, why)
        else:
            yield result
