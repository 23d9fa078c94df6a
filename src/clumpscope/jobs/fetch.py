"""`fetch`: targets and a survey's frames to a sample."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.config.services import ServicesConfig
from clumpscope.engine.local import Progress, Workers, silent
from clumpscope.jobs.cutting import Cutting, cut_apart
from clumpscope.jobs.filling import Written, fill
from clumpscope.jobs.online import Estimate, addresses, archive
from clumpscope.jobs.sky_names import name_column, resolved
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.registry import open_survey
from clumpscope.stages.fetch.select import paper_sample
from clumpscope.stages.fetch.targets import Targets, make_targets
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.output import output
from clumpscope.store.tables import read_parquet, read_user_table


def read_targets(
    path: Path, services: ServicesConfig | None = None, *, select: bool = False
) -> Targets:
    """Read and check a user's target list; its ``notes`` say what was made of it.

    Parameters
    ----------
    services
        Where positions of names are asked for, if there are no positions; ``None`` asks nobody.
    select
        Whether to keep only the paper's sample of it, see `clumpscope.stages.fetch.select`.

    Raises
    ------
    TableError
        If it cannot be read or used.
    """
    table = read_user_table(path)
    notes: list[str] = []
    lost: dict[str, str] = {}
    if select:
        kept, steps = paper_sample(table, path)
        notes += [str(step) for step in steps]
        table = table[kept]
    names = None if services is None else name_column(table)
    if services is not None and names is not None and len(table):
        table, lost = resolved(table, names, services, path)
        notes.append(f"positions of {len(table)} names in {names} are those of Sesame")
    targets = make_targets(table, path)
    return replace(targets, notes=(*notes, *targets.notes), lost=lost)


def fetch(  # noqa: PLR0913  (an argument an option)
    survey: str,
    targets: Targets,
    frames: Path | None,
    folder: Path,
    recipe: Recipe,
    *,
    size_arcsec: float | None = None,
    resume: bool = False,
    workers: Workers = 1,
    progress: Progress = silent,
) -> QTable:
    """Write a sample cut from a survey's frames, on the disk or in its archive; the failures.

    ``survey`` is a name of `clumpscope.stages.fetch.registry.SURVEYS`. Each galaxy's image is
    written as it comes; the tables follow in the order of the targets. With ``resume``, those
    that are there already are kept, and those that failed are tried again.

    Parameters
    ----------
    frames
        A local mirror; ``None`` asks the survey's archive, and keeps what it brings in the cache.
    workers
        Processes, or an executor, that cut fields of a local mirror; the sample does not depend
        on it.

    Raises
    ------
    FrameError
        If there is no such survey or the mirror holds no frames of it.
    DownloadError
        If the archive wants an account, and there is none.
    StoreError
        If the folder holds anything or cannot be written, or no target could be cut out.
    """
    services = recipe.services
    where = addresses(survey, services) if frames is None else str(frames.resolve())
    opened = None if frames is None else open_survey(survey, frames)
    settings = recipe.model_dump(mode="json")
    settings["services"] = {}  # `where` tells what matters of them
    key = {
        "recipe": sha256_json([survey, settings, size_arcsec]),
        "target list": sha256_json([*(vars(target) for target in targets), *targets.lost]),
        "folder of frames": where,
    }
    with output(folder, key, resume=resume) as place:
        if place.finished:
            return read_parquet(folder / "failures.parquet")
        if opened is not None:
            how = Cutting(folder / "images", recipe.fetch, size_arcsec, recipe.limits)

            def cut(missing: Targets) -> Iterator[Fetched | Written | FetchFailure]:
                if workers == 1:
                    config, limits = recipe.fetch, recipe.limits
                    yield from stage.fetch(opened, missing, config, size_arcsec, limits=limits)
                else:
                    for done in cut_apart(opened, missing, how, workers):
                        yield from done.results

            failures = fill(place, cut, targets, progress, recipe.fetch.compression)
        else:
            with archive(survey, recipe, place.work, size_arcsec) as asked:
                failures = fill(place, asked.results, targets, progress, recipe.fetch.compression)
        place.finish(
            RunManifest(
                command=f"fetch {survey}",
                recipe=recipe.model_dump(mode="json"),
                inputs={
                    "targets": targets.where,
                    "frames": where,
                    "size_arcsec": "field_r90" if size_arcsec is None else str(size_arcsec),
                },
                counts={"targets": len(targets) + len(targets.lost), "failed": len(failures)},
            )
        )
    return failures


def estimate(
    survey: str, targets: Targets, recipe: Recipe, size_arcsec: float | None = None
) -> Estimate:
    """What `fetch` from an archive would bring; SDSS's catalogue is asked.

    Raises
    ------
    ClumpscopeError
        See `fetch`.
    """
    with (
        TemporaryDirectory() as work,
        archive(survey, recipe, Path(work), size_arcsec) as asked,
    ):
        return asked.estimate(targets)
