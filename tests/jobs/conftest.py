"""Fixtures of the jobs."""

from pathlib import Path

import pytest

from oblong import cut_sample


@pytest.fixture(scope="module")
def narrow(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen galaxies with their labels, no image square. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("narrow") / "sample"
    cut_sample(survey, folder, 16)
    return folder
