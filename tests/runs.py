"""What tests of runs share."""

import shutil
from pathlib import Path

TABLES = ("catalogue", "detections", "failures", "galaxies", "photometry", "positions")


def some(sample: Path, folder: Path, count: int) -> Path:
    """A bare folder with copies of the first images of a sample."""
    folder.mkdir(parents=True)
    for path in sorted((sample / "images").iterdir())[:count]:
        shutil.copy(path, folder)
    return folder


def assert_same_tables(one: Path, other: Path) -> None:
    for name in TABLES:
        a, b = ((folder / f"{name}.parquet").read_bytes() for folder in (one, other))
        assert a == b, name
