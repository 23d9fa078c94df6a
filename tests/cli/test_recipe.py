import sys

import pytest

from clumpscope.cli import main
from clumpscope.config.recipe import Recipe, load_recipe
from places import RECIPES


@pytest.fixture
def clumpscope(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["clumpscope", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code or 0, *capsys.readouterr()

    return call


def test_show_prints_a_recipe_that_can_be_read_back(clumpscope, tmp_path):
    code, out, err = clumpscope("recipe", "show")
    assert (code, err) == (0, "")
    (tmp_path / "shown.toml").write_text(out)
    assert load_recipe(tmp_path / "shown.toml") == Recipe()


def test_check_tells_what_differs(clumpscope):
    path = RECIPES / "benchmark-test.toml"
    assert clumpscope("recipe", "check", path) == (
        0,
        f"{path} is valid\nseed: 7004 (default 0)\n",
        "",
    )


def test_check_of_a_recipe_that_changes_nothing(clumpscope, tmp_path):
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert clumpscope("recipe", "check", path) == (
        0,
        f"{path} is valid: all is as by default\n",
        "",
    )


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_bad_recipe_ends_with_2_and_says_what_was_meant(clumpscope, tmp_path, command):
    path = tmp_path / "bad.toml"
    path.write_text("[refine]\nnms_iuo = 0.2\n")
    code, out, err = clumpscope("recipe", command, path)
    assert (code, out) == (2, "")
    assert "refine.nms_iuo: unknown; did you mean nms_iou?" in err
