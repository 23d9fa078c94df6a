"""The pages that are made from the code leave nothing out."""

import pkgutil
import re

import clumpscope
from clumpscope.config.base import Section
from clumpscope.config.recipe import Recipe, sections
from clumpscope.config.survey import Planes, SurveyProfile, load_survey, survey_names
from clumpscope.core import records
from clumpscope.core.clumps import schema
from clumpscope.core.flags import ClumpFlag
from pages import blocks, generate
from places import DOCS


def test_every_column_and_flag_is_on_the_page():
    page = generate.data_model()
    kinds = (getattr(records, name) for name, _ in generate.RECORDS.values())
    for spec in [*schema("release"), *(spec for kind in kinds for spec in kind)]:
        assert f"| `{spec.name}` | {spec.description} | {spec.dtype} |" in page
    for flag in ClumpFlag:
        assert f"| {flag.value} | `{flag.name}` |" in page


def test_every_setting_is_on_the_page_of_its_section():
    page = {block.split("\n")[0]: block for block in generate.recipes().split("\n## ")}
    for name, section in sections(Recipe()):
        block = page[f"[{name}]" if name else "Top level"]
        for key, field in type(section).model_fields.items():
            if not isinstance(getattr(section, key), Section):
                row = next(row for row in block.split("\n") if row.startswith(f"| `{key}` | "))
                assert row.startswith(f"| `{key}` | {' '.join(field.description.split())} | ")
    assert " | `0.2` | number from 0 to 1 |\n" in page["[refine]"]
    assert " | not set | number from 0 to 1, or not set |\n" in page["[refine]"]


def test_every_module_has_its_page_and_is_reached_from_the_top():
    pages = generate.api()
    modules = {module.name for module in pkgutil.walk_packages(clumpscope.__path__, "clumpscope.")}
    apart = {"clumpscope.errors", "clumpscope.__main__"}
    assert set(pages) == {"clumpscope", *modules} - apart
    reached = {"clumpscope"}
    for name in sorted(pages):
        assert f".. automodule:: {name}\n" in pages[name]
        reached |= set(re.findall(r"<(clumpscope\.[\w.]+)>", pages[name]))
    assert reached == set(pages)


def test_pages_in_the_index_are_all_and_exist():
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    lines = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    entries = {line.partition("<")[2].rstrip(">") or line for line in lines}
    made = {"cli", "data_model", "recipes", "survey_profiles", "api/clumpscope"}
    by_hand = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert entries == (by_hand | made)


def test_every_survey_and_key_is_on_its_page():
    page = generate.survey_profiles()
    for name in survey_names():
        profile = load_survey(name)
        assert f"| `{name}` | {profile.about} | {', '.join(profile.bands)} |" in page
        for band in profile.bands:
            assert f"| `{name}` | `{band}` | " in page
    for section in (SurveyProfile, Planes):
        for key in section.model_fields.keys() - {"planes"}:
            assert f"| `{key}` | " in page
    assert "| `legacy` | `g` | 1.29 | 23.95 | 3.214 | `g` |" in page


def test_the_survey_of_ones_own_on_the_page_is_one(tmp_path):
    (text,) = blocks(DOCS / "surveys.md", "toml")
    assert len(text.splitlines()) == 10
    (tmp_path / "own.toml").write_text(text)
    assert load_survey(str(tmp_path / "own.toml")).zero_point == 24.6
    page = (DOCS / "surveys.md").read_text()
    assert all(f"| `{name}` |" in page for name in survey_names())
