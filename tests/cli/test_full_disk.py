"""No room on the disk: an error that names the file, and no file that is half there."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.errors import StoreError


@contextmanager
def room(size: int) -> Iterator[None]:
    """Files can grow to so many bytes, as on a disk that is almost full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("size", [0, 1000, 6000])
@pytest.mark.parametrize(
    "line",
    [
        "run {sample} --out {out}/new --workers 1",
        "simulate {out}/new --galaxies 1 --workers 1",
        "measure {sample} --positions {run}/positions.parquet --out {out}/m.fits",
        "refine {out}",
        "catalogue {out}",
        "evaluate {out} --truth {truth} --no-baseline",
        "show {run} {galaxy} --out {out}/new/x.png",
        "sheet {out}",
        "labels select {labels} --out {out}/new",
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk(
    oblong: Path, oblong_run: Path, survey: Path, tmp_path: Path, line: str, size: int
) -> None:
    run = shutil.copytree(oblong_run, tmp_path / "run")
    before = contents(run)
    words = line.format(
        sample=oblong,
        run=oblong_run,
        out=run,
        galaxy=sorted((oblong / "images").iterdir())[0].stem,
        truth=oblong / "truth.parquet",
        labels=survey / "labels.parquet",
    )
    with room(size):
        result = CliRunner().invoke(app, words.split())
    assert isinstance(result.exception, StoreError), result.output
    assert str(result.exception).startswith("cannot write ")
    assert result.exception.exit_code == 1
    after = contents(run)
    assert not [name for name in after if ".part-" in name]
    # What was there is as it was, or whole and new.
    assert before.keys() <= after.keys()
    assert not [
        name for name, content in after.items() if len(content) > size and name not in before
    ]
