import os
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from clumpscope.config.labels import ConsensusConfig, LabelsConfig
from clumpscope.config.recipe import Recipe, load_recipe, sections
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.config.train import DetectorConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.errors import RecipeError
from places import RECIPES


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_gives_the_defaults():
    recipe = load_recipe(None)
    assert recipe == Recipe()
    assert recipe.composite.scales == (0.7, 1.17, 1.818)
    assert (recipe.composite.stretch, recipe.composite.softening) == (0.2, 7.0)
    assert recipe.refine.nms_iou == 0.2
    assert recipe.measure.background == "isophotes"


def test_a_part_is_read_and_the_rest_keeps_its_default(tmp_path):
    path = write(tmp_path, "seed = 5\n[refine]\nnms_iou = 0.4\n[measure]\nbands = ['u', 'r']\n")
    recipe = load_recipe(path)
    assert recipe.seed == 5
    assert recipe.refine.nms_iou == 0.4
    assert recipe.refine.merge_radius_fwhm == Recipe().refine.merge_radius_fwhm
    assert recipe.measure.bands == ("u", "r")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("seed = 'many'\n", "seed", "'many'"),
        ("seed = -1\n", "seed", "-1"),
        ("[refine]\nnms_iou = 1.5\n", "refine.nms_iou", "1.5"),
        ("[refine]\noutline_kernel_px = 2.5\n", "refine.outline_kernel_px", "2.5"),
        ("[composite]\nstretch = nan\n", "composite.stretch", "nan"),
        ("[composite]\nscales = [1.0, 2.0]\n", "composite.scales.2", "[1.0, 2.0]"),
        ("[measure]\nannulus_fwhm = [2.5, 1.5]\n", "measure", "2.5, 1.5"),
        ("[measure]\nbackground = 'median'\n", "measure.background", "'median'"),
        ("[detector]\nanchors = [8.0]\n", "detector", "one size a stride (3), got 1"),
        ("[detector]\nanchors = []\n", "detector.anchors", "at least 1 item"),
        ("[detector]\nstrides = []\n", "detector.strides", "at least 1 item"),
        ("[composite]\nminimum = inf\n", "composite.minimum", "finite number, got inf"),
        ("[composite]\nscales = [1.0, nan, 1.0]\n", "composite.scales.1", "finite"),
        ("[composite]\nsize = 100\n", "composite", "crop must be at most size, got 200 > 100"),
        ("[refine]\noutline_kernel_px = 4\n", "refine.outline_kernel_px", "odd, got 4"),
        ("[measure]\nbands = []\n", "measure.bands", "at least 1 item"),
        ("[measure]\nbands = ['u', 'h_a']\n", "measure.bands.1", "at most 15 letters or digits"),
        ("[measure]\nbands = ['u', 'u']\n", "measure.bands", "each band once"),
        ("[measure]\nbands = ['y', 'Y']\n", "measure.bands", "differ by case alone: y Y"),
        ("[measure]\nbands = ['r', 'mask']\n", "measure.bands.1", "names of bands"),
        ("[simulate.clumps]\nmean = 0\n", "simulate.clumps.mean", "greater than 0"),
        ("[simulate.hosts]\nr_mag = [18, 14]\n", "hosts.r_mag", "low <= high, got [18, 14]"),
        ("[simulate.hosts]\nr90_arcsec = [9, 2]\n", "simulate.hosts.r90_arcsec", "low <= high"),
        ("[simulate.hosts]\nr90_arcsec = [0, 2]\n", "simulate.hosts.r90_arcsec.0", "greater than"),
        ("[simulate.observe]\npsf_fwhm_r_arcsec = [2, 1]\n", "psf_fwhm_r_arcsec", "low <= high"),
        ("[simulate.observe]\nnoise_factor = [0, 1]\n", "noise_factor.0", "greater than 0"),
        (
            "[simulate.observe]\nsky_mag = [22, 22]\n",
            "simulate.observe",
            "sky_mag must have a number for each of 5 bands, got 2",
        ),
        ("[simulate.observe]\nsky_mag = []\n", "observe.sky_mag", "at least 1 item"),
        (
            "[simulate.observe]\nbands = ['g', 'r']\n",
            "simulate.observe",
            "begin with u, g, r, got g, r",
        ),
        ("[simulate.clumps]\nflux_ratio_u = [0, 0.3]\n", "clumps", "0 < low < high <= 1, got 0.0"),
        ("[simulate.clumps]\nflux_ratio_u = [0.3, 0.3]\n", "clumps", "0 < low < high"),
        ("[simulate.clumps]\nflux_ratio_u = [0.1, 2]\n", "clumps", "0 < low < high"),
        ("[labels]\nshares = [0.5, 0.2, 0.1]\n", "labels", "sum to 1"),
        ("[consensus.tools]\n0 = 'clump'\n", "consensus.tools.0", "'clump'"),
    ],
)
def test_an_invalid_recipe_names_file_key_and_value(tmp_path, text, key, value):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    message = str(caught.value)
    assert str(path) in message
    assert f"{key}: " in message
    assert value in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[refine]\nnms_iuo = 0.1\n", "refine.nms_iuo: unknown; did you mean nms_iou?"),
        ("[refnie]\nnms_iou = 0.1\n", "refnie: unknown; did you mean refine?"),
        ("[simulate.clump]\nmean = 3\n", "simulate.clump: unknown; did you mean clumps?"),
        # Known, but elsewhere.
        ("[detect]\nnms_iou = 0.1\n", "detect.nms_iou: unknown; did you mean refine.nms_iou?"),
        ("[hosts]\nr_mag = 1\n", "hosts: unknown; did you mean simulate.hosts?"),
        ("[train]\nseed = 1\n", "train.seed: unknown; did you mean seed?"),
        (
            "batch_size = 1\n",
            "batch_size: unknown; did you mean detect.batch_size or train.batch_size or "
            "classifier.batch_size or morphology.batch_size?",
        ),
        ("[refine]\nquux = 1\n", "refine.quux: unknown"),
    ],
)
def test_an_unknown_key_is_refused_and_the_one_meant_is_named(tmp_path, text, told):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert str(caught.value) == f"recipe {path}: {told}"


def test_sections_are_those_of_a_file_in_order():
    names = [name for name, _ in sections(Recipe())]
    assert names[:3] == ["", "limits", "sample"]
    assert names[-3:] == ["train.augment", "classifier", "morphology"]
    recipe = Recipe(refine=RefineConfig(nms_iou=0.4))
    assert dict(sections(recipe))["refine"] is recipe.refine
    assert dict(sections(recipe))["simulate.hosts"] == Recipe().simulate.hosts


def test_every_problem_is_told_at_once(tmp_path):
    path = write(tmp_path, "seed = -1\n[refine]\nnms_iou = 7\n")
    with pytest.raises(RecipeError, match=r"seed: .*refine\.nms_iou: "):
        load_recipe(path)


@pytest.mark.parametrize("text", ["seed = = 1\n", "[refine\n", "seed = 1\nseed = 2\n"])
def test_bad_toml_names_the_file_and_the_line(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError, match=r"not valid TOML.*line"):
        load_recipe(path)


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"seed = '\xff\xfe'")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed = " + "[" * 5000 + "]" * 5000, "not valid TOML: nested too deeply"),
        ("seed = " + "{a = " * 5000 + "1" + "}" * 5000, "not valid TOML: nested too deeply"),
        ("seed = " + "9" * 5000, "not valid TOML: Exceeds the limit"),
        ("# " + 200 * "." + "\na = 1\n  # " + 200 * ".", "a: unknown"),
        (".".join("a" * 100) + " = 1", "a: unknown"),
        (".".join("a" * 3000) + " = 1", "expected keys of at most 100 parts, got more"),
        ("seed = {" + ".".join("a" * 50_000) + " = 1}", "expected keys of at most 100 parts"),
        ("seed = '" + "9" * 100_000 + "'", "seed: "),
        ("seed = nan", "seed: "),
        ("[refine]\nnms_iou = nan", "refine.nms_iou: "),
        ("\n".join(f"key{k} = {k}" for k in range(3000)), "and 2990 more"),
        ("# " + "x" * 1_000_000, "size: expected at most 1 MB"),
    ],
)
def test_a_monstrous_recipe_is_refused_in_few_words(tmp_path, text, told):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert told in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 1000


def test_a_mark_of_byte_order_is_passed_over(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("seed = 3\n", encoding="utf-8-sig")
    assert load_recipe(path).seed == 3


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(RecipeError, match=r"pipe\.toml: expected a regular file, got a named pipe"):
        load_recipe(tmp_path / "pipe.toml")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(RecipeError, match=r"none\.toml: No such file"):
        load_recipe(tmp_path / "none.toml")
    with pytest.raises(RecipeError, match="expected a regular file, got a folder"):
        load_recipe(tmp_path)


def test_a_file_that_is_too_large_for_a_recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(
        RecipeError, match=r"recipe\.toml: size: expected at most 1 MB, got 1000000"
    ):
        load_recipe(path)


def test_recipes_are_frozen():
    with pytest.raises(ValidationError):
        Recipe().seed = 1
    with pytest.raises(ValidationError):
        Recipe().refine.nms_iou = 0.5


def test_a_recipe_survives_its_own_json():
    recipe = Recipe(seed=3, measure=MeasureConfig(bands=("u",)), detector=DetectorConfig(head=32))
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid(path):
    load_recipe(path)


def test_the_published_recipe_says_everything_and_differs_in_positions_and_backgrounds():
    published = load_recipe(RECIPES / "published.toml")
    assert published.measure == MeasureConfig(bands=SDSS_BANDS, background="annulus", blend_fwhm=0)
    assert published.refine == RefineConfig(recentre_fwhm=0, nucleus_fwhm=0, beyond_fwhm=0)
    rest = {"measure": MeasureConfig(), "refine": RefineConfig()}
    assert published.model_copy(update=rest) == Recipe()
    written = tomllib.loads((RECIPES / "published.toml").read_text())
    for section in ("composite", "fetch", "detect", "refine", "measure", "catalogue"):
        left_out = {"score_threshold", "dust_map", "completeness"}
        assert set(written[section]) == set(getattr(Recipe(), section).model_dump()) - left_out


def test_the_consensus_recipe_is_the_default_written_out():
    recipe = load_recipe(RECIPES / "consensus.toml")
    tools = {"0": "normal", "1": "odd", "2": "bulge"}
    assert recipe.consensus == ConsensusConfig(tools=tools)
    assert recipe.labels == LabelsConfig()
    written = tomllib.loads((RECIPES / "consensus.toml").read_text())
    for section in ("consensus", "labels"):
        assert set(written[section]) == set(getattr(recipe, section).model_dump())
