"""Cutouts from a survey's service: brought ahead, one folder a target."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.remote import RemoteFile
from clumpscope.engine.ahead import ahead
from clumpscope.errors import ClumpscopeError, DownloadError, FrameError, expected_got, reason
from clumpscope.net.archive import bring_all
from clumpscope.net.client import Client
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure, cut_galaxy
from clumpscope.stages.fetch.registry import cutout_files
from clumpscope.stages.fetch.stars import field_stars
from clumpscope.stages.fetch.targets import Target, Targets
from clumpscope.stages.ingest.own_files import OwnFiles
from clumpscope.store.confined import inside

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
        A folder of a folder a target.
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

    def ready(self, target: Target) -> Path | ClumpscopeError:
        """Bring what there is of a target: its folder, or why there is none."""
        folder = inside(self.cache, target.galaxy_id)
        try:
            files = self.files(target)
            absent = set(bring_all(self.client, files, folder))
        except (DownloadError, FrameError) as error:
            return error
        images = [file.name for file in files if file.name.startswith("cutout")]
        if absent.issuperset(images):
            return FrameError(
                expected_got("target", f"a position that {self.survey} imaged", "none")
            )
        return folder

    def missing(self, targets: Targets) -> list[RemoteFile]:
        """Files of all targets that are not here."""
        missing = []
        for target in targets:
            try:
                files = self.files(target)
            except FrameError:
                continue
            folder = inside(self.cache, target.galaxy_id)
            missing += [file for file in files if not (folder / file.name).is_file()]
        return missing

    def cut(self, targets: Targets) -> Iterator[Fetched | FetchFailure]:
        """Bring and cut all targets, in the order of the list."""
        at_once = self.client.manners.at_once
        stop = self.client.close  # so that nobody waits for transfers
        with closing(ahead(self.ready, targets, at_once, stop)) as ready:
            for target, folder in ready:
                if isinstance(folder, ClumpscopeError):
                    yield FetchFailure(target.galaxy_id, STAGE, str(folder))
                else:
                    yield self._cut(target, folder)

    def _cut(self, target: Target, folder: Path) -> Fetched | FetchFailure:
        try:
            config = self.recipe.ingest.model_copy(update={"survey": self.survey})
            files = OwnFiles.of(sorted(folder.glob("*.fits")), config, self.recipe.limits)
            if not files.places:
                raise FrameError("; ".join(files.failed.values()) or "no images")
            bands = files.load(next(iter(files.places)))
            grid, stars = files.grid_band(bands), field_stars(bands)
            return cut_galaxy(target, bands, grid, stars, self.recipe.fetch, self.size_arcsec)
        except Exception as error:  # one bad target never stops a command
            return FetchFailure(target.galaxy_id, STAGE, reason(error))
