"""Targets cut from real frames, and taken all the way to a catalogue."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError
from clumpscope.jobs.fetch import fetch
from clumpscope.jobs.run import run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, read_user_table
from places import SHARED

FRAMES = SHARED / "sdss_frames"


@pytest.mark.skipif(not FRAMES.is_dir(), reason="no shared SDSS frames")
def test_real_merger_from_frames_to_catalogue(tmp_path: Path) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text(
        "galaxy_id,ra,dec\nmerger,229.5256,42.7460\nnowhere,10.0,-40.0\nfield,229.601957,42.827893\n"
    )
    frames = FRAMES / "003918-3-0213"
    failures = fetch(read_user_table(targets), targets, frames, tmp_path / "sample", Recipe())
    assert list(failures["galaxy_id"]) == ["nowhere"]
    sample = Sample.open(tmp_path / "sample")
    assert sample.ids == ["merger", "field"]
    summary = run(tmp_path / "sample", tmp_path / "run", Recipe())
    assert (summary.galaxies, summary.failed) == (2, 0)
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    knots = catalogue[np.asarray(catalogue["galaxy_id"]) == "merger"]
    assert len(knots) >= 2
    for band in SDSS_BANDS:
        assert np.isfinite(plain(knots, f"clump_flux_{band}")).all()
    east = (plain(knots, "clump_centre_ra") - 229.5256) * np.cos(np.radians(42.746))
    assert np.hypot(east, plain(knots, "clump_centre_dec") - 42.7460).max() < 45 / 3600
    assert (plain(knots, "clump_mag_g") < 22).any()


@pytest.mark.skipif(not FRAMES.is_dir(), reason="no shared SDSS frames")
def test_no_target_on_the_frames_is_an_error(tmp_path: Path) -> None:
    targets = Table({"ra": [10.0], "dec": [-40.0]})
    with pytest.raises(StoreError, match="at least one target"):
        fetch(targets, "list", FRAMES / "003918-3-0213", tmp_path / "sample", Recipe())
