"""Docstrings are well-formed, without waiting for the pages that are made from them."""

import ast
import io

import pytest
from docutils import core

from places import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))


def complaints(docstring: str) -> str:
    stream = io.StringIO()
    core.publish_doctree(
        docstring, settings_overrides={"warning_stream": stream, "report_level": 2}
    )
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_docstring_is_well_formed():
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = complaints(ast.get_docstring(node) or "")
                if text:
                    found[f"{path.name}:{getattr(node, 'name', 'module')}"] = text
    assert not found


def test_a_table_whose_text_crosses_a_column_is_seen():
    table = "===  ===\na    b\n===  ===\nlong text\n===  ===\n"
    assert "column margin" in complaints(table)
