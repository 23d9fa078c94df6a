"""Positions and truths that users give as text, beside the same in Parquet."""

import shutil
from pathlib import Path

from astropy.table import Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.measure import Measured, measure
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet


def as_text(table: Table, path: Path) -> Path:
    """Write semicolons and decimal commas after a byte-order mark, as spreadsheets do."""
    rows = [[str(value).replace(".", ",") for value in row] for row in table]
    lines = [";".join(line) for line in [table.colnames, *rows]]
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_positions_as_text_are_measured_as_those_in_parquet(survey: Path, tmp_path: Path) -> None:
    truth = Sample.open(survey).truth()[:12]
    table = Table({name: plain(truth, name) for name in ("galaxy_id", "x", "y")})
    write_parquet(table, tmp_path / "positions.parquet")
    files = [tmp_path / "positions.parquet", as_text(table, tmp_path / "positions.csv")]
    measured = []
    for file in files:
        out = tmp_path / f"{file.suffix[1:]}-out.parquet"
        assert measure(survey, file, out, Recipe()) == Measured(12, {}, ())
        measured.append(out.read_bytes())
    assert measured[0] == measured[1]


def test_a_truth_as_text_or_fits_gives_the_same_figures(
    survey: Path, finished: Path, tmp_path: Path
) -> None:
    truth = read_parquet(survey / "truth.parquet")
    bare = Table({name: plain(truth, name) for name in truth.colnames})
    write_fits(truth, tmp_path / "truth.fits")  # fluxes in Jy
    files = [
        survey / "truth.parquet",
        as_text(bare, tmp_path / "truth.txt"),
        tmp_path / "truth.fits",
    ]
    run = shutil.copytree(finished, tmp_path / "run")
    found = []
    for file in files:
        evaluate([run], file, Recipe(), baselines=())
        found.append((run / "evaluation" / "metrics.json").read_text())
    assert found[0] == found[1] == found[2]
