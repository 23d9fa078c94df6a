"""The registry: a module for every name, and nothing else is a format."""

import importlib.util
import pkgutil

import pytest

from clumpscope.errors import TableError
from clumpscope.stages.labels import formats
from clumpscope.stages.labels.formats.base import Format
from clumpscope.stages.labels.formats.registry import FORMATS, format_of
from places import DOCS

SHARED = {"base", "columns", "common", "registry"}


def test_every_module_is_in_the_registry():
    modules = {module.name for module in pkgutil.iter_modules(formats.__path__)}
    assert modules - SHARED == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_whole(name):
    form = format_of(name)
    assert isinstance(form, Format)
    assert form.content in ("json", "table", "texts")
    assert bool(form.suffix) == (form.content == "texts")
    assert FORMATS[name]


def test_another_name_is_told_the_others():
    with pytest.raises(TableError, match=f"format: expected {', '.join(FORMATS)}, got x"):
        format_of("x")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_on_the_page(name):
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert f"| `{name}` | {FORMATS[name]} |" in generate.data_model()
