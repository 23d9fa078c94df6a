"""A survey's archive as a source of cutouts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.config.services import ServicesConfig
from clumpscope.errors import FrameError, expected_got
from clumpscope.jobs.sky_catalogue import catalogued
from clumpscope.jobs.sky_cutouts import Cutouts
from clumpscope.jobs.sky_frames import Frames, cut_fields, plan_of
from clumpscope.models.registry import cache_folder
from clumpscope.net.client import Client
from clumpscope.net.secret import credentials_for
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.registry import SERVICES
from clumpscope.stages.fetch.targets import Targets
from clumpscope.store.journal import Journal
from clumpscope.store.lock import locked


@dataclass(frozen=True)
class Estimate:
    """What a command over the network would do.

    Attributes
    ----------
    targets, imaged
        How many, and how many of them the survey is known to have imaged.
    fields
        Fields or cutouts that hold them.
    files, megabytes
        What is to be brought, roughly.
    """

    targets: int
    imaged: int
    fields: int
    files: int
    megabytes: float


def addresses(survey: str, config: ServicesConfig) -> str:
    """Where a survey is asked, and for which data.

    Raises
    ------
    FrameError
        If it has no service.
    """
    known = {
        "sdss": (config.sdss_archive, config.sdss_catalogue),
        "hsc": (config.hsc, config.hsc_release, config.hsc_rerun),
        "legacy": (config.legacy, config.legacy_layer),
    }
    if survey not in SERVICES:
        remedy = "files of any other survey are read by clumpscope ingest"
        known_ones = " or ".join(SERVICES)
        raise FrameError(expected_got("survey with a service", known_ones, survey, remedy))
    return " ".join(known[survey])


@dataclass(frozen=True)
class Archive:
    """An archive at the other end of the network.

    Attributes
    ----------
    work
        Folder of what a command keeps until it has ended.
    """

    survey: str
    client: Client
    cache: Path
    work: Path
    recipe: Recipe
    size_arcsec: float | None

    def results(self, targets: Targets) -> Iterator[Fetched | FetchFailure]:
        """One result a target, in the order in which they are ready."""
        if self.survey != "sdss":
            yield from self._cutouts().cut(targets)
            return
        services = self.recipe.services
        journal = Journal(self.work / "catalogue.jsonl")
        answers = catalogued(targets, self.client, services, journal)
        folder = self.work / "frames"
        frames = Frames(self.client, services.sdss_archive, self.cache, folder)
        yield from cut_fields(targets, answers, frames, self.recipe, self.size_arcsec)

    def estimate(self, targets: Targets) -> Estimate:
        """What would be brought; the catalogue is asked, no file is."""
        if self.survey != "sdss":
            missing = self._cutouts().missing(targets)
            fields = imaged = len(targets)
        else:
            services = self.recipe.services
            journal = Journal(self.work / "catalogue.jsonl")
            answers = catalogued(targets, self.client, services, journal)
            plan = plan_of(answers, services.sdss_archive, self.cache)
            fields, missing = len(plan.fields), plan.missing
            imaged = sum(len(ids) for ids in plan.fields.values())
        megabytes = sum(file.about_bytes for file in missing) / 1e6
        return Estimate(len(targets), imaged, fields, len(missing), megabytes)

    def _cutouts(self) -> Cutouts:
        return Cutouts(self.survey, self.client, self.cache, self.recipe, self.size_arcsec)


@contextmanager
def archive(
    survey: str, recipe: Recipe, work: Path, size_arcsec: float | None
) -> Iterator[Archive]:
    """Open a survey's archive, and the cache of what it gives, which no other command shares.

    Raises
    ------
    FrameError
        If the survey has no service.
    DownloadError
        If it wants an account, and there is none.
    FolderError
        If another command fills the cache.
    """
    services = recipe.services
    addresses(survey, services)
    credentials = []
    if survey == "hsc":
        credentials = [credentials_for(services.hsc, "hsc", ServicesConfig().hsc)]
    cache = cache_folder() / "surveys" / survey
    with locked(cache), Client(services.manners, credentials) as client:
        yield Archive(survey, client, cache, work, recipe, size_arcsec)
