"""`measure`: a user's positions in the images of a sample."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.records import FAILURES, record_table
from clumpscope.errors import ClumpscopeError, TableError, expected_got
from clumpscope.ops.cost import check_boxes, check_measured
from clumpscope.stages.measure import Coords, UserPositions, measure_positions
from clumpscope.store.failures import write_failures
from clumpscope.store.sample import Sample, require_galaxy
from clumpscope.store.tables import read_user_table, write_fits, write_parquet


def failures_of(out: Path) -> Path:
    """Where the failures of a measurement written to ``out`` stand; as CSV beside it, too."""
    return out.with_name(f"{out.stem}-failures.parquet")


def measure(
    sample: Path, positions: Path, out: Path, recipe: Recipe, coords: Coords | None = None
) -> tuple[int, dict[str, str]]:
    """Measure a user's positions; writes ``out`` (Parquet or FITS) and, if any, the failures.

    Returns the number of measured positions and the error of each galaxy that failed; these go
    to ``<out>-failures.parquet`` and ``.csv``, too.

    Raises
    ------
    StoreError, TableError
        If sample or positions cannot be used, none could be measured, or ``out`` has another
        suffix.
    """
    writers = {".parquet": write_parquet, ".fits": write_fits}
    if out.suffix not in writers:
        raise TableError(expected_got("--out", " or ".join(writers), out.name))
    opened = Sample.open(sample)
    wanted = UserPositions.of(read_user_table(positions))
    failed: dict[str, str] = {}

    def images() -> Iterator[GalaxyImage]:
        unknown = set(wanted.galaxy_id.tolist()) - set(opened.ids)
        failed.update(dict.fromkeys(sorted(unknown), f"not a galaxy of {sample}"))
        for index, galaxy_id in enumerate(opened.ids):
            count = len(wanted.rows(galaxy_id))
            if count:
                try:
                    check_boxes("positions", count, recipe.limits)
                    image = require_galaxy(opened.read(index, recipe.sample, recipe.limits))
                    check_measured(image, count, recipe.measure, recipe.limits)
                except ClumpscopeError as error:
                    failed[galaxy_id] = str(error)
                else:
                    yield image

    table = measure_positions(
        wanted,
        images(),
        recipe.measure,
        recipe.refine,
        coords,
        failed=lambda galaxy_id, error: failed.update({galaxy_id: str(error)}),
    )
    if failed:
        rows = {
            "galaxy_id": list(failed),
            "stage": ["measure"] * len(failed),
            "error": list(failed.values()),
        }
        write_failures(record_table(FAILURES, rows), failures_of(out))
    if not len(table):
        got = "; ".join(f"{galaxy_id}: {error}" for galaxy_id, error in islice(failed.items(), 1))
        raise TableError(expected_got(positions, "a position that can be measured", "none", got))
    writers[out.suffix](table, out)
    return len(table), failed
