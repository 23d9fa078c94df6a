"""The pages that are made from the code leave nothing out."""

import importlib.util
from pathlib import Path

import pytest
import typer.main

from clumpscope.core import records
from clumpscope.core.clumps import schema
from clumpscope.core.flags import ClumpFlag

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_column_and_flag_is_on_the_page(generate):
    page = generate.data_model()
    kinds = (getattr(records, name) for name, _ in generate.RECORDS.values())
    for spec in [*schema("release"), *(spec for kind in kinds for spec in kind)]:
        assert f"| `{spec.name}` | {spec.dtype} |" in page
    for flag in ClumpFlag:
        assert f"| {flag.value} | `{flag.name}` |" in page


def test_every_module_is_on_the_page(generate):
    page = generate.api()
    for name in ("clumpscope.core.frames", "clumpscope.store.tables", "clumpscope.doctor"):
        assert f".. automodule:: {name}\n" in page


def test_every_command_of_the_contract_is_on_the_page(generate):
    page = generate.cli()
    for command in (
        *("demo", "simulate", "fetch sdss", "train", "detect", "refine", "measure", "catalogue"),
        *("run", "evaluate", "doctor", "consensus"),
        *(f"labels {verb}" for verb in ("select", "split", "import", "export")),
        *(f"models {verb}" for verb in ("list", "fetch", "import", "verify", "show")),
    ):
        assert f"## clumpscope {command}\n" in page


def test_every_parameter_has_help(generate):
    from clumpscope.cli import app

    for path, command in generate.commands(typer.main.get_command(app), "clumpscope"):
        assert command.help, path
        for parameter in command.params:
            assert parameter.help, f"{path} {parameter.name}"


def test_pages_in_the_index_exist():
    entries = (DOCS / "index.md").read_text().split("```{toctree}")[1].split("```")[0].split()
    made = {"cli", "data_model", "api"}
    for entry in entries:
        if entry.isidentifier() and entry not in made:
            assert (DOCS / f"{entry}.md").is_file()
