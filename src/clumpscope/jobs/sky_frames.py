"""SDSS's fields from its archive: brought ahead, cut, and kept or dropped."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.remote import RemoteFile
from clumpscope.engine.ahead import ahead
from clumpscope.errors import ClumpscopeError, DownloadError, FrameError
from clumpscope.files.unpacked import unpacked as open_unpacked
from clumpscope.jobs.sky_catalogue import Catalogued, with_known
from clumpscope.net.archive import bring_all, bring_file
from clumpscope.net.client import Client
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure
from clumpscope.stages.fetch.sdss.archive import MOST_MB
from clumpscope.stages.fetch.sdss.mirror import FieldKey
from clumpscope.stages.fetch.sdss.remote import field_files, photofield_file
from clumpscope.stages.fetch.sdss.survey import Sdss
from clumpscope.stages.fetch.targets import Targets
from clumpscope.store.atomic import atomic
from clumpscope.store.cached import trim

_TRIES = 2  # the second for what was damaged in the cache


@dataclass(frozen=True)
class Plan:
    """Which fields are needed, for which targets, and what of them is not here.

    Attributes
    ----------
    fields
        Field → its targets' ids.
    missing
        Files to bring.
    """

    fields: dict[FieldKey, list[str]]
    missing: list[RemoteFile]


def plan_of(answers: Mapping[str, Catalogued], archive: str, cache: Path) -> Plan:
    """What is to be brought for targets, field by field in the order of the list."""
    fields: dict[FieldKey, list[str]] = {}
    for galaxy_id, answer in answers.items():
        if isinstance(answer.field, FieldKey):
            fields.setdefault(answer.field, []).append(galaxy_id)
    missing = [
        file
        for key in fields
        for file in field_files(key, archive)
        if not (cache / str(key) / file.name).is_file()
    ]
    return Plan(fields, missing)


@dataclass(frozen=True)
class Frames:
    """Where fields are brought from, and to.

    Attributes
    ----------
    client, archive
        Who is asked.
    cache
        A folder of a folder a field, which is a mirror that ``--frames`` takes, too.
    work
        Where the unpacked frames of the fields at hand lie.
    """

    client: Client
    archive: str
    cache: Path
    work: Path

    def ready(self, key: FieldKey) -> Path | ClumpscopeError:
        """Bring a field and unpack it, away from who cuts: the folder, or why there is none."""
        folder, unpacked = self.cache / str(key), self.work / str(key)
        try:
            for _ in range(_TRIES):
                if bring_all(self.client, field_files(key, self.archive), folder):
                    bring_file(self.client, photofield_file(key, self.archive), folder)
                damaged = _unpack(folder, unpacked)
                if not damaged:
                    break
        except DownloadError as error:
            return error
        return FrameError(damaged) if damaged else unpacked

    def done_with(self, key: FieldKey, most_gb: float, coming: set[str]) -> None:
        """Take away what is not wanted of a field that has been cut."""
        shutil.rmtree(self.work / str(key), ignore_errors=True)
        trim(self.cache, 1e9 * most_gb, coming)


def _unpack(folder: Path, unpacked: Path) -> str:
    """Unpack frames beside copies of the other files; what was damaged on the disk is dropped.

    Raises
    ------
    StoreError
        If there is no room.
    """
    damaged = ""
    for path in sorted(folder.iterdir()):
        target = unpacked / path.name.removesuffix(".bz2")
        if path.suffix == ".part" or target.is_file():
            continue
        try:
            with open_unpacked(path, FrameError, MOST_MB) as stream, atomic(target) as temporary:
                temporary.write_bytes(stream.read())
        except FrameError as error:
            damaged = str(error)
            path.unlink(missing_ok=True)
    return damaged


def cut_fields(
    targets: Targets,
    answers: Mapping[str, Catalogued],
    frames: Frames,
    recipe: Recipe,
    size_arcsec: float | None,
) -> Iterator[Fetched | FetchFailure]:
    """Cut targets out of fields that are brought and unpacked while others are cut.

    Each target is cut out of the field that the catalogue names, whatever else is in the cache:
    so that the same list gives the same sample.
    """
    plan = plan_of({one: answers[one] for one in targets.ids}, frames.archive, frames.cache)
    known = with_known(targets, {name: answer.known for name, answer in answers.items()})
    for name in targets.ids:
        if isinstance(why := answers[name].field, str):
            yield FetchFailure(name, STAGE, why)
    order, most_gb = list(plan.fields), recipe.services.cache_gb
    at_once = recipe.services.manners.at_once
    stop = frames.client.close  # so that nobody waits for transfers
    with closing(ahead(frames.ready, order, at_once, stop)) as ready:
        for number, (key, folder) in enumerate(ready):
            ids = plan.fields[key]
            if isinstance(folder, ClumpscopeError):
                yield from (FetchFailure(one, STAGE, f"field {key}: {folder}") for one in ids)
            else:
                yield from _cut(folder, known.only(ids), recipe, size_arcsec)
            coming = {str(one) for one in order[number + 1 : number + at_once + 3]}
            frames.done_with(key, most_gb, coming)


def _cut(
    folder: Path, targets: Targets, recipe: Recipe, size_arcsec: float | None
) -> Iterator[Fetched | FetchFailure]:
    try:
        survey = Sdss.open(folder)
    except ClumpscopeError as error:
        yield from (FetchFailure(one, STAGE, str(error)) for one in targets.ids)
        return
    yield from stage.fetch(survey, targets, recipe.fetch, size_arcsec, limits=recipe.limits)
