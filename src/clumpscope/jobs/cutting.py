"""Fields cut by several processes: while one is unpacked and read, others are cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.engine.local import Workers, ordered_map
from clumpscope.jobs.filling import Written, write
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.cutout import FetchFailure
from clumpscope.stages.fetch.survey import Survey
from clumpscope.stages.fetch.targets import Target, Targets
from clumpscope.store.output import check_seen

S = TypeVar("S", bound=Survey[Any])


@dataclass(frozen=True)
class Cutting:
    """How targets are cut, see `clumpscope.stages.fetch.survey.fetch`, and where images go."""

    images: Path
    config: FetchConfig
    size_arcsec: float | None
    limits: LimitsConfig
    whole: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Part(Generic[S]):
    """One field to be cut: the survey of this field alone, the field, its targets."""

    survey: S
    field: object
    targets: Sequence[Target]


@dataclass(frozen=True, eq=False)
class Cut(Generic[S]):
    """What became of targets, and the survey that has read their field, if there is one."""

    results: list[Written | FetchFailure]
    survey: S | None = None


def cut_apart(survey: S, targets: Targets, how: Cutting, workers: Workers) -> Iterator[Cut[S]]:
    """Cut targets field by field in workers that write the images themselves.

    Results come in the order of the fields, however many processes there are. A field is the
    least that a worker takes.
    """
    fields, lost = stage.by_field(survey, targets)
    yield Cut([*lost])
    parts = [Part(survey.only(field), field, inside) for field, inside in fields.items()]
    yield from ordered_map(partial(_cut, how), parts, workers)


def _cut(how: Cutting, part: Part[S]) -> Cut[S]:
    check_seen(how.images.parent)
    cut = stage.cut_field(
        part.survey,
        part.field,
        part.targets,
        how.config,
        how.size_arcsec,
        whole=how.whole,
        limits=how.limits,
    )
    results = [
        one if isinstance(one, FetchFailure) else write(one, how.images, how.config.compression)
        for one in cut
    ]
    return Cut(results, part.survey)
