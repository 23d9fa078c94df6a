import pytest

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.errors import RecipeError
from clumpscope.jobs.recipe import check_recipe, show_recipe
from places import RECIPES


@pytest.mark.parametrize("source", [None, RECIPES / "published.toml"])
def test_what_is_shown_is_the_same_recipe(source, tmp_path):
    path = tmp_path / "shown.toml"
    path.write_text(show_recipe(source), encoding="utf-8")
    assert load_recipe(path) == load_recipe(source)


def test_check_tells_what_a_recipe_changes():
    assert check_recipe(RECIPES / "published.toml") == [
        ("refine.nucleus_fwhm", "0.0", "0.5"),
        ("refine.beyond_fwhm", "0.0", "2.0"),
        ("refine.recentre_fwhm", "0.0", "0.35"),
        ("measure.bands", '["u", "g", "r", "i", "z"]', "not set"),
        ("measure.background", '"annulus"', '"isophotes"'),
        ("measure.blend_fwhm", "0.0", "2.25"),
    ]


def test_settings_that_are_the_default_change_nothing(tmp_path):
    path = tmp_path / "same.toml"
    path.write_text(f"seed = {Recipe().seed}\n[refine]\nnms_iou = 0.2\n")
    assert check_recipe(path) == []


@pytest.mark.parametrize("job", [check_recipe, show_recipe])
def test_an_invalid_recipe_is_refused(job, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[refine]\nnms_iuo = 0.2\n")
    with pytest.raises(RecipeError, match=r"bad\.toml: refine\.nms_iuo: .*nms_iou"):
        job(path)
