"""Cutouts from a survey's service: brought ahead, one folder a target."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.remote import RemoteFile
from clumpscope.engine.ahead import ahead
from clumpscope.engine.watch import time_limit
from clumpscope.errors import ClumpscopeError, DownloadError, FrameError, expected_got, reason
from clumpscope.net.archive import bring_all
from clumpscope.net.client import Client
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure
from clumpscope.stages.fetch.registry import cutout_files
from clumpscope.stages.fetch.survey import cut_field
from clumpscope.stages.fetch.targets import Target, Targets
from clumpscope.stages.ingest.own_files import OwnFiles
from clumpscope.store.confined import inside
from clumpscope.store.manifest import sha256_json

_MARGIN = 1.5  # of the side: sky around the host to measure it against
_UNKNOWN_SIDE = 60.0  # arcsec, of a target without size


@dataclass(frozen=True)
class Cutouts:
    """Where cutouts are brought from, and to.

    Attributes
    ----------
    survey
        Its name.
    cache
        A folder of a folder a target, and in it one for each place, size and release asked for.
    """

    survey: str
    client: Client
    cache: Path
    recipe: Recipe
    size_arcsec: float | None

    def files(self, target: Target) -> list[RemoteFile]:
        """What is asked for of a target.

        Raises
        ------
        FrameError
            If the service gives no such cutout.
        """
        config = self.recipe.fetch
        r90 = target.known.get("petro_r90_arcsec")
        size = self.size_arcsec
        if size is None:
            size = _UNKNOWN_SIDE if r90 is None else config.field_r90 * r90
            size = min(max(size, config.min_size_arcsec), config.max_size_arcsec)
        place = target.ra, target.dec, _MARGIN * size
        return cutout_files(self.survey, *place, self.recipe.services)

    def folder(self, target: Target, files: list[RemoteFile]) -> Path:
        """Where the files of a target lie, if they are brought."""
        asked = sha256_json([[file.url, *file.params] for file in files])[:12]
        return inside(inside(self.cache, target.galaxy_id), asked)

    def ready(self, target: Target) -> list[Path] | ClumpscopeError:
        """Bring what there is of a target: its files, or why there are none."""
        try:
            files = self.files(target)
            folder = self.folder(target, files)
            absent = set(bring_all(self.client, files, folder))
        except (DownloadError, FrameError) as error:
            return error
        images = [file.name for file in files if file.name.startswith("cutout")]
        if absent.issuperset(images):
            return FrameError(
                expected_got("target", f"a position that {self.survey} imaged", "none")
            )
        return [folder / file.name for file in files if file.name not in absent]

    def missing(self, targets: Targets) -> list[RemoteFile]:
        """Files of all targets that are not here."""
        missing = []
        for target in targets:
            try:
                files = self.files(target)
            except FrameError:
                continue
            folder = self.folder(target, files)
            missing += [file for file in files if not (folder / file.name).is_file()]
        return missing

    def cut(self, targets: Targets) -> Iterator[Fetched | FetchFailure]:
        """Bring and cut all targets, in the order of the list."""
        at_once = self.client.manners.at_once
        stop = self.client.close  # so that nobody waits for transfers
        with closing(ahead(self.ready, targets, at_once, stop)) as ready:
            for target, brought in ready:
                if isinstance(brought, ClumpscopeError):
                    yield FetchFailure(target.galaxy_id, STAGE, str(brought))
                else:
                    yield from self._cut(target, brought)

    def _cut(self, target: Target, brought: list[Path]) -> Iterator[Fetched | FetchFailure]:
        recipe = self.recipe
        try:
            config = recipe.ingest.model_copy(update={"survey": self.survey})
            with time_limit(recipe.limits.seconds):
                files = OwnFiles.of(brought, config, recipe.limits)
            if not files.places:
                raise FrameError("; ".join(files.failed.values()) or "no images")
        except Exception as error:  # one bad target never stops a command
            yield FetchFailure(target.galaxy_id, STAGE, reason(error))
            return
        yield from cut_field(
            *(files, next(iter(files.places)), [target], recipe.fetch, self.size_arcsec),
            limits=recipe.limits,
        )
