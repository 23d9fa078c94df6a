"""Catalogues of the classical finders: one reading of each image, each finder by itself."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.engine.local import silent
from clumpscope.errors import RecipeError
from clumpscope.jobs import shards
from clumpscope.jobs.baselines import baseline_catalogues
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.store.images import read_galaxy
from clumpscope.store.sample import Sample

RECIPE = Recipe(seed=5)
NAMES = ["sep", "guo"]


def made(sample: Sample, names: list[str] = NAMES, workers: int = 1, **more) -> dict[str, QTable]:
    return baseline_catalogues(sample, RECIPE, names, workers=workers, progress=silent, **more)


@pytest.fixture(scope="module")
def every(oblong: Path) -> dict[str, QTable]:
    """Catalogues of all finders; not to be changed by a test."""
    return made(Sample.open(oblong), list(FINDERS))


def same(one: QTable, two: QTable) -> bool:
    return one.colnames == two.colnames and all(
        np.array_equal(plain(one, name), plain(two, name), equal_nan=one[name].dtype.kind == "f")
        for name in one.colnames
    )


def test_every_finder_finds_peaks_where_they_are(oblong: Path, every) -> None:
    """Their positions are pixels of the images: there is more light than beside them."""
    sample = Sample.open(oblong)
    assert list(every) == list(FINDERS)
    for found in every.values():
        assert len(set(found["galaxy_id"])) > 5
        brighter = []
        for index, galaxy_id in enumerate(sample.ids):
            g = read_galaxy(sample.paths[index])["g"].data
            mine = found[found["galaxy_id"] == galaxy_id]
            at = np.column_stack([plain(mine, f"clump_centre_px_{axis}") for axis in "yx"])
            for row, col in np.rint(at).astype(int):
                near = g[max(row - 4, 0) : row + 5, max(col - 4, 0) : col + 5]
                brighter.append(g[row, col] > np.median(near))
        assert np.mean(brighter) > 0.9
        assert np.isfinite(plain(found, "clump_flux_ratio")).mean() > 0.9


def test_each_image_is_read_once_and_told_of(oblong: Path, every, monkeypatch) -> None:
    read, looked, told = Sample.read_starred, [], []

    def counted(self: Sample, index: int, *rest):
        looked.append(index)
        return read(self, index, *rest)

    monkeypatch.setattr(Sample, "read_starred", counted)
    found = baseline_catalogues(Sample.open(oblong), RECIPE, NAMES, workers=1, progress=told.append)
    assert looked == list(range(8))
    assert sum(told) == 8
    assert all(same(found[name], every[name]) for name in NAMES)


def test_the_number_of_workers_changes_nothing(oblong: Path, every, monkeypatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    found = made(Sample.open(oblong), ["guo"], workers=2)
    assert same(found["guo"], every["guo"])


def test_a_finder_that_fails_loses_that_galaxy_alone(oblong: Path, every, monkeypatch) -> None:
    sample = Sample.open(oblong)
    bad = sample.ids[2]

    def failing(image):
        if image.galaxy_id == bad:
            raise ValueError("no")
        return FINDERS["sep"](image)

    monkeypatch.setattr("clumpscope.jobs.baselines.FINDERS", {**FINDERS, "sep": failing})
    found = made(sample)
    assert same(found["guo"], every["guo"])
    left = every["sep"]["galaxy_id"] != bad
    assert 0 < left.sum() < len(left)
    assert same(found["sep"], every["sep"][left])


def test_galaxies_that_cannot_be_read_have_no_clumps(oblong: Path, every, tmp_path) -> None:
    sample = Sample.open(Path(shutil.copytree(oblong, tmp_path / "sample")))
    sample.paths[1].write_text("no image")
    found = made(sample)
    for name in NAMES:
        left = every[name]["galaxy_id"] != sample.ids[1]
        assert 0 < left.sum() < len(left)
        assert list(found[name]["clump_score"]) == list(every[name]["clump_score"][left])


def test_galaxies_left_out_are_not_looked_at(oblong: Path, every, monkeypatch) -> None:
    sample = Sample.open(oblong)
    out = {sample.ids[0], sample.ids[5]}
    read = Sample.read_starred

    def deadly(self: Sample, index: int, *rest):
        if self.ids[index] in out:
            raise SystemExit("the process has ended")
        return read(self, index, *rest)

    monkeypatch.setattr(Sample, "read_starred", deadly)
    found = made(sample, left_out=out)
    for name in NAMES:
        assert same(found[name], every[name][~np.isin(every[name]["galaxy_id"], list(out))])


def test_an_unknown_finder_is_named(oblong: Path) -> None:
    with pytest.raises(RecipeError, match="--baseline: expected sep, .*; did you mean guo"):
        made(Sample.open(oblong), ["gou"])
    assert made(Sample.open(oblong), []) == {}
