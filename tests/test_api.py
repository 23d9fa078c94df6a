"""The names of the package: what a notebook uses."""

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from matplotlib.text import Text

import clumpscope
from clumpscope import api
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.composite import colour
from clumpscope.core.galaxy import ColourImage
from clumpscope.errors import RecipeError, TableError
from clumpscope.store.tables import read_parquet
from places import RECIPES


@pytest.fixture
def sample(survey):
    return clumpscope.open_sample(str(survey))


def rows(table: Table, galaxy_id: str) -> Table:
    return table[np.asarray(table["galaxy_id"]) == galaxy_id]


def same(table: Table, other: Table) -> bool:
    assert table.colnames == other.colnames
    return all(
        np.array_equal(table[name], other[name], equal_nan=table[name].dtype.kind == "f")
        for name in table.colnames
    )


def test_names_are_those_of_the_api_and_known_to_type_checkers():
    tree = ast.parse(Path(clumpscope.__file__).read_text(encoding="utf-8"))
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "clumpscope.api"
        for alias in node.names
    ]
    assert imported == api.__all__
    assert sorted([*imported, "__version__"]) == clumpscope.__all__
    assert set(clumpscope.__all__) <= set(dir(clumpscope))
    for name in imported:
        assert getattr(clumpscope, name) is getattr(api, name)
    assert clumpscope.__version__ == version("clumpscope")
    with pytest.raises(AttributeError, match="'clumpscope' has no attribute 'detects'"):
        _ = clumpscope.detects


def test_importing_the_package_loads_nothing_slow():
    slow = {"numpy", "astropy", "pydantic", "pyarrow", "matplotlib", "torch"}
    code = (
        f"import sys, clumpscope; print({slow!r} & set(sys.modules))\n"
        "assert clumpscope.open_sample and 'numpy' in sys.modules; print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = done.stdout.splitlines()
    assert before == "set()"
    assert "'torch'" not in after


def test_galaxies_in_memory_are_what_a_run_makes_of_them(sample, finished):
    """All of the first shard, in the run's batches: equal to the last bit."""
    galaxies = [sample.galaxy(galaxy_id) for galaxy_id in sample.ids[:32]]
    found = clumpscope.detect(galaxies)
    detections, photometry = (
        read_parquet(finished / f"{name}.parquet") for name in ("detections", "photometry")
    )
    measured = 0
    for galaxy, boxes in zip(galaxies, found, strict=True):
        assert np.array_equal(rows(detections, galaxy.galaxy_id)["score"], boxes.scores)
        clumps = clumpscope.refine(galaxy, boxes)
        table = clumpscope.measure(galaxy, clumps)
        assert same(table, rows(photometry, galaxy.galaxy_id))
        measured += len(table)
    assert measured > 10


def test_one_galaxy_gives_its_boxes(sample):
    galaxies = [sample.galaxy(galaxy_id) for galaxy_id in sample.ids[:2]]
    both = clumpscope.detect(galaxies)
    for galaxy, boxes in zip(galaxies, both, strict=True):
        one = clumpscope.detect(galaxy)
        assert len(one) == len(boxes)
        np.testing.assert_allclose(one.xyxy, boxes.xyxy, atol=1e-4)
    assert clumpscope.detect([]) == []


def test_a_recipe_may_be_a_file_or_an_object(sample, tmp_path):
    galaxy = sample.galaxy(sample.ids[0])
    boxes = clumpscope.detect(galaxy)
    (tmp_path / "none.toml").write_text("[refine]\nscore_threshold = 1.0\n")
    for recipe in (
        tmp_path / "none.toml",
        str(tmp_path / "none.toml"),
        clumpscope.Recipe(refine={"score_threshold": 1.0}),
    ):
        assert len(clumpscope.refine(galaxy, boxes, recipe=recipe)) == 0
    two = clumpscope.Recipe(measure={"bands": ("u", "r")})
    table = clumpscope.measure(galaxy, clumpscope.refine(galaxy, boxes), recipe=two)
    assert "clump_flux_r" in table.colnames
    assert "clump_flux_g" not in table.colnames
    with pytest.raises(RecipeError, match="composite"):
        clumpscope.detect(galaxy, recipe=clumpscope.Recipe(composite={"stretch": 0.3}))


def test_a_galaxy_unlike_those_trained_on_is_flagged(sample):
    picture = ColourImage("wide", np.zeros((60, 80, 3), dtype=np.float32), 3.0, 9.0)
    galaxy = sample.galaxy(sample.ids[0])
    boxes = next(b for b in (clumpscope.detect(sample.galaxy(i)) for i in sample.ids) if len(b))
    low = clumpscope.Recipe(refine={"score_threshold": 0.0})
    for image, unlike in ((picture, True), (galaxy, False)):
        words = clumpscope.flag_names(clumpscope.refine(image, boxes, recipe=low).flags)
        assert words
        assert all(("OUT_OF_RANGE" in some) == unlike for some in words)
    table = clumpscope.measure(picture, clumpscope.refine(picture, boxes, recipe=low))
    assert len(table) > 0
    assert np.isnan(table["clump_flux_r"].value).all()


def test_pictures_are_composites_of_whole_images(sample):
    galaxy = sample.galaxy(sample.ids[0])
    picture = clumpscope.colour(galaxy)
    assert picture.shape == (*galaxy.shape, 3)
    assert np.array_equal(picture, colour(galaxy, clumpscope.Recipe().composite))
    swapped = clumpscope.Recipe(composite={"bands": ("g", "r", "i")})
    assert not np.array_equal(picture, clumpscope.colour(galaxy, swapped))
    bare = ColourImage("p", picture, 0.396, 1.3)
    assert clumpscope.colour(bare) is bare.pixels


def test_a_run_takes_what_the_command_takes(sample, survey, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for path in sample.paths[:2]:
        (few / path.name).symlink_to(path)
    recipe = RECIPES / "published.toml"
    with pytest.raises(RecipeError, match="composite"):
        clumpscope.run(few, tmp_path / "no", recipe=clumpscope.Recipe(composite={"stretch": 0.3}))
    summary = clumpscope.run(clumpscope.open_sample(few), str(tmp_path / "run"), recipe=recipe)
    assert (summary.galaxies, summary.failed) == (2, 0)
    manifest = (tmp_path / "run" / "manifest.json").read_text()
    assert '"recentre_fwhm": 0' in manifest  # as the published recipe has it


def test_a_catalogue_is_read_from_a_run_or_a_file(finished):
    table = clumpscope.read_catalogue(finished)
    assert len(table) > 10
    for name in ("catalogue.fits", "catalogue.ecsv"):
        assert len(clumpscope.read_catalogue(str(finished / name))) == len(table)
    assert all(f"clump_mag_{band}" in table.colnames for band in SDSS_BANDS)
    with pytest.raises(TableError, match="no such file"):
        clumpscope.read_catalogue(finished / "none.fits")


def test_pictures_of_a_run_are_figures(sample, finished):
    table = clumpscope.read_catalogue(finished)
    first = str(table["galaxy_id"][0])
    figure = clumpscope.show(str(finished), first)
    assert any(first in text.get_text() for text in figure.findobj(Text))
    with pytest.raises(TableError, match="got nobody"):
        clumpscope.show(finished, "nobody")
    for figure, panels in (
        (clumpscope.sheet(finished, galaxies=[first]), 1),
        (clumpscope.sheet(finished, random=3, recipe=RECIPES / "published.toml"), 3),
    ):
        words = [text.get_text().partition(" ")[0] for text in figure.findobj(Text)]
        assert len(set(words) & set(sample.ids)) == panels
    with pytest.raises(TableError, match="flag"):
        clumpscope.sheet(finished, flag="NONE_SUCH")
