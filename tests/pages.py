"""The documentation: what makes its pages, its commands, and the blocks of code in them."""

import importlib.util
import re
from pathlib import Path

from places import DOCS, ROOT

_spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

COMMANDS = dict(generate.commands())
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MADE = ("cli.md", "data_model.md", "recipes.md")


def written() -> list[Path]:
    """README and every page that is written by hand."""
    return [README, *(page for page in sorted(DOCS.glob("*.md")) if page.name not in _MADE)]
