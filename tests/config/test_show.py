import re
import tomllib
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from clumpscope.config.base import BandNames, Count, Fraction, NotNegative, PerBand, Positive, Range
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.show import differences, parts, show, toml, words
from places import RECIPES

CHANGED = Recipe.model_validate(
    {
        "seed": 3,
        "refine": {"score_threshold": 0.5},
        "consensus": {"tools": {"Clump": "normal", 'bad "box"': "wrong"}},
        "simulate": {"clumps": {"flux_ratio_u": (0.001, 0.2)}},
    }
)


def read(text: str) -> Recipe:
    return Recipe.model_validate(tomllib.loads(text))


def test_the_defaults_are_read_back():
    assert read(show(Recipe())) == Recipe()


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_read_back(path, tmp_path):
    shown = tmp_path / "shown.toml"
    shown.write_text(show(load_recipe(path)), encoding="utf-8")
    assert load_recipe(shown) == load_recipe(path)


KINDS = st.sampled_from(["normal", "odd", "bulge", "wrong"])
SHARES = st.floats(0, 1)
POSITIVE = st.floats(0, exclude_min=True, allow_infinity=False)
FIVE = st.lists(POSITIVE, min_size=5, max_size=5)
RECIPE = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**70),
        "catalogue": st.fixed_dictionaries({"dust_map": st.none() | st.text()}),
        "refine": st.fixed_dictionaries(
            {"score_threshold": st.none() | SHARES, "keep_nucleus": st.booleans()}
        ),
        "consensus": st.fixed_dictionaries(
            {
                "tools": st.dictionaries(st.text(), KINDS),
                "tasks": st.lists(st.text()),
                "openness": st.floats(allow_nan=False, allow_infinity=False),
            }
        ),
        "simulate": st.fixed_dictionaries(
            {"observe": st.fixed_dictionaries({"gain": FIVE, "sky_mag": FIVE})}
        ),
    }
)


@settings(max_examples=30, deadline=None)
@given(RECIPE)
def test_any_recipe_is_read_back(values):
    recipe = Recipe.model_validate(values)
    assert read(show(recipe)) == recipe


def test_every_setting_is_under_its_section_with_its_meaning_above():
    section, shown = "", {}
    for block in show(CHANGED).split("\n\n"):
        *comment, line = block.strip().split("\n")
        if line.startswith("["):
            section = line.strip("[]")
        else:
            told = " ".join(one.removeprefix("# ") for one in comment)
            shown[section, line.split(" = ")[0]] = told
    settings = {(part.name, one.key): one for part in parts(CHANGED) for one in part.settings}
    assert len(settings) > 120
    for (section, key), one in settings.items():
        told = shown[section, f"# {key}" if one.value is None else key]
        assert told.startswith(f"{' '.join(one.meaning.split())} ({one.kind}")


def test_sub_sections_and_tables_come_out_right():
    text = show(CHANGED)
    assert '\ntools = {"Clump" = "normal", "bad \\"box\\"" = "wrong"}\n' in text
    assert "\n[simulate.clumps]\n" in text
    assert "\nflux_ratio_u = [0.001, 0.2]\n" in text


def test_the_default_is_told_where_it_differs():
    assert "; default" not in show(Recipe())
    text = show(CHANGED).replace("\n# ", " ")
    assert "(whole number ≥ 0; default 0)\nseed = 3\n" in text
    assert "or not set; default not set)" in text
    assert "(list of 2: number; default [0.003, 0.3])" in text
    assert text.count("; default") == 4


def test_what_is_not_set_can_be_uncommented():
    text = show(Recipe())
    unset = re.findall(r"^# (\w+) = ", text, flags=re.MULTILINE)
    assert unset == [
        "survey",
        "unit",
        "zero_point",
        "grid_band",
        "score_threshold",
        "bands",
        "dust_map",
        "completeness",
        "sample",
        "galaxies",
        "labels",
        "hsc",
        "simulated",
        "epochs",
        "start",
        "trainable_blocks",
        "checkpoint_steps",
        "start",
        "start",
    ]
    recipe = read(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))
    assert recipe.refine.score_threshold == 0.3
    assert {key for key, _, _ in differences(recipe)} == {
        *(f"ingest.{name}" for name in ("survey", "unit", "zero_point", "grid_band")),
        "refine.score_threshold",
        "measure.bands",
        "catalogue.dust_map",
        "catalogue.completeness",
        *(
            f"experiment.{name}"
            for name in ("sample", "galaxies", "labels", "hsc", "simulated", "epochs")
        ),
        "train.start",
        "train.trainable_blocks",
        "train.checkpoint_steps",
        "classifier.start",
        "morphology.start",
    }


def test_what_can_be_unset_is_unset_by_default():
    """TOML has no value for none, so that it could not be said."""
    for part in parts(Recipe()):
        for one in part.settings:
            assert ("not set" in one.kind) == (one.default is None) == (one.example is not None)


def test_lines_are_not_long():
    comments = [line for line in show(CHANGED).splitlines() if line.startswith("#")]
    assert max(map(len, comments)) <= 100
    assert not any(line.endswith(" ") for line in comments)


def test_differences_are_all_that_a_recipe_changes():
    assert differences(Recipe()) == []
    assert differences(CHANGED) == [
        ("seed", "3", "0"),
        ("refine.score_threshold", "0.5", "not set"),
        ("simulate.clumps.flux_ratio_u", "[0.001, 0.2]", "[0.003, 0.3]"),
        ("consensus.tools", '{"Clump" = "normal", "bad \\"box\\"" = "wrong"}', "{}"),
    ]


@pytest.mark.parametrize(
    "value", ["\x7f", "\x00\x1f", '"\\', "é \U0001f52d", "\t\r\n", True, 1e-05, 1e22]
)
def test_single_values_are_toml(value):
    assert tomllib.loads(f"a = {toml(value)}") == {"a": value}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Fraction, "number from 0 to 1"),
        (Positive, "number > 0"),
        (NotNegative, "number ≥ 0"),
        (float, "number"),
        (Count, "whole number ≥ 1"),
        (Annotated[float, Field(ge=0, lt=0.5)], "number ≥ 0 and < 0.5"),
        (bool, "true or false"),
        (str, "text"),
        (Fraction | None, "number from 0 to 1, or not set"),
        (Literal["a", "b", "c"], '"a", "b" or "c"'),
        (Range, "list of 2: number"),
        (PerBand, "list of at least 1: number > 0"),
        (BandNames, "list of at least 1: text"),
        (tuple[Literal["a", "b"], ...], 'list: "a" or "b"'),
        (dict[str, Literal["a", "b"]], 'table of "a" or "b"'),
    ],
)
def test_kinds_in_words(kind, told):
    assert words(TypeAdapter(kind).json_schema()) == told
