"""A sample filled galaxy by galaxy, as they are cut out: what fetch and ingest share."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from astropy.table import QTable

from clumpscope.config.fetch import Compression
from clumpscope.core.bands import bands_of, in_order
from clumpscope.core.records import FAILURES, Columns, hosts_in, table_of_rows
from clumpscope.engine.local import Progress
from clumpscope.errors import StoreError, expected_got
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure
from clumpscope.stages.fetch.targets import Targets
from clumpscope.store.confined import inside
from clumpscope.store.failures import write_failures
from clumpscope.store.images import write_galaxy
from clumpscope.store.journal import Journal
from clumpscope.store.output import Output
from clumpscope.store.stars import STARS, star_columns, write_stars
from clumpscope.store.tables import write_parquet


@dataclass(frozen=True)
class Written:
    """A galaxy whose image is written: its row of the host table, columns of its stars."""

    galaxy_id: str
    host: Columns
    stars: Columns


def write(result: Fetched, images: Path, compression: Compression) -> Written:
    """Write a galaxy's image into a folder of images."""
    name = result.image.galaxy_id
    write_galaxy(inside(images, f"{name}.fits"), result.image, compression)
    return Written(name, result.host, star_columns(name, result.stars))


def fill(
    place: Output,
    cut: Callable[[Targets], Iterator[Fetched | Written | FetchFailure]],
    targets: Targets,
    progress: Progress,
    compression: Compression = "none",
) -> QTable:
    """Cut out what is missing; write the tables of everything; returns the failures.

    Each galaxy's image is written as it comes; the tables follow in the order of the targets.

    Parameters
    ----------
    cut
        Gives one result a target, in any order; images that it has not written are written here.
    compression
        Of the images, see `clumpscope.config.fetch`.

    Raises
    ------
    StoreError
        If no target could be cut out.
    """
    folder, journal = place.folder, Journal(place.work / "hosts.jsonl")
    images = folder / "images"
    there = [entry for entry in journal.read() if (images / f"{entry['galaxy_id']}.fits").is_file()]
    stars: dict[str, Columns] = {entry["galaxy_id"]: entry.pop("stars") for entry in there}
    hosts: dict[str, Columns] = {entry["galaxy_id"]: entry for entry in there}
    progress(len(hosts))
    failed: dict[str, Columns] = {
        name: asdict(FetchFailure(name, STAGE, why)) for name, why in targets.lost.items()
    }
    for result in cut(targets.without(hosts)):
        if isinstance(result, FetchFailure):
            failed[result.galaxy_id] = asdict(result)
        else:
            done = result if isinstance(result, Written) else write(result, images, compression)
            name = done.galaxy_id
            hosts[name], stars[name] = done.host, done.stars
            journal.add({**done.host, "stars": done.stars})
        progress(1)
    order = [*targets.ids, *targets.lost]
    failures = table_of_rows(FAILURES, [failed[one] for one in order if one in failed])
    write_failures(failures, folder / "failures.parquet")
    if not hosts:
        raise StoreError(
            expected_got(f"sample {folder}", "at least one target cut out", failures["error"][0])
        )
    rows = [hosts[one] for one in order if one in hosts]
    bands = in_order(band for row in rows for band in bands_of(row, "psf_fwhm"))
    table = table_of_rows(hosts_in(bands), rows)
    write_parquet(table, folder / "hosts.parquet")
    write_stars(folder / STARS, [stars[one] for one in order if one in stars])
    return failures
