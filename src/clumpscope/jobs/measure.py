"""`measure`: a user's positions in the images of a sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import GalaxyImage, require_galaxy
from clumpscope.core.records import FAILURES, record_table
from clumpscope.engine.watch import time_limit
from clumpscope.errors import TableError, expected_got, reason
from clumpscope.ops.cost import check_boxes, check_measured
from clumpscope.stages.measure import Coords, UserPositions, measure_positions
from clumpscope.store.atomic import new_file
from clumpscope.store.failures import write_failures
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table, write_parquet

_TOLD = 5  # failures in an error


def failures_of(out: Path) -> Path:
    """Where the failures of a measurement written to ``out`` stand; as CSV beside it, too."""
    return out.with_name(f"{out.stem}-failures.parquet")


@dataclass(frozen=True)
class Measured:
    """What a measurement did.

    Attributes
    ----------
    positions
        How many were measured.
    failed
        Error of each galaxy that failed.
    unknown
        Those of them that the sample does not have.
    """

    positions: int
    failed: dict[str, str]
    unknown: tuple[str, ...]


def measure(
    sample: Path, positions: Path, out: Path, recipe: Recipe, coords: Coords | None = None
) -> Measured:
    """Measure a user's positions; writes ``out`` (Parquet or FITS) and, if any, the failures.

    The error of each galaxy that failed goes to ``<out>-failures.parquet`` and ``.csv``.

    Raises
    ------
    StoreError, TableError
        If sample or positions cannot be used, none could be measured, or ``out`` exists or has
        another suffix.
    """
    writers = {".parquet": write_parquet, ".fits": write_fits}
    if out.suffix not in writers:
        raise TableError(expected_got("--out", " or ".join(writers), out.name))
    failures = failures_of(out)
    for path in (out, failures, failures.with_suffix(".csv")):
        new_file(path)
    opened = Sample.open(sample)
    table = read_user_table(positions)
    try:
        wanted = UserPositions.of(table)
    except TableError as error:
        raise TableError(f"{positions}: {error}") from error
    unknown = sorted(set(wanted.galaxy_id.tolist()) - set(opened.ids))
    failed = dict.fromkeys(unknown, f"not a galaxy of {sample}")

    def images() -> Iterator[GalaxyImage]:
        for index, galaxy_id in enumerate(opened.ids):
            count = len(wanted.rows(galaxy_id))
            if count:
                try:
                    check_boxes("positions", count, recipe.limits)
                    with time_limit(recipe.limits.seconds):
                        image = require_galaxy(
                            opened.read_starred(index, recipe.sample, recipe.limits)
                        )
                    check_measured(image, count, recipe.measure, recipe.limits)
                except Exception as error:  # one bad galaxy never stops a command
                    failed[galaxy_id] = reason(error)
                else:
                    yield image

    measured = measure_positions(
        wanted,
        images(),
        recipe.measure,
        recipe.refine,
        coords,
        failed=lambda galaxy_id, error: failed.update({galaxy_id: reason(error)}),
        seconds=recipe.limits.seconds,
    )
    if not len(measured):
        told = [f"{galaxy_id}: {error}" for galaxy_id, error in islice(failed.items(), _TOLD)]
        rest = [f"and {len(failed) - _TOLD} more"] if len(failed) > _TOLD else []
        got = "; ".join([*told, *rest])
        raise TableError(expected_got(positions, "a position that can be measured", "none", got))
    if failed:
        rows = {
            "galaxy_id": list(failed),
            "stage": ["measure"] * len(failed),
            "error": list(failed.values()),
        }
        write_failures(record_table(FAILURES, rows), failures)
    writers[out.suffix](measured, out)
    return Measured(len(measured), failed, tuple(unknown))
