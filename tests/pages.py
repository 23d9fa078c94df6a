"""The documentation: what makes its pages, its commands, and the code in its pages."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from places import DOCS, ROOT

_spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)

COMMANDS = dict(generate.commands())
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MADE = ("cli.md", "data_model.md", "recipes.md", "survey_profiles.md")


def written() -> list[Path]:
    """README and every page that is written by hand."""
    return [README, *(page for page in sorted(DOCS.glob("*.md")) if page.name not in _MADE)]


def blocks(page: Path, *languages: str) -> list[str]:
    """Blocks of code of a page, those of one language or without."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [code for language, code in found if language in languages]


def lines(page: Path) -> list[str]:
    """Lines of a page's blocks that are commands of ours, each once."""
    code = "\n".join(blocks(page, "", "text")).splitlines()
    return list(dict.fromkeys(line for line in code if line.startswith("clumpscope ")))


class Call(NamedTuple):
    """A command that a line calls: its words, all arguments, and the paths it reads and writes."""

    command: str
    arguments: list[str]
    reads: list[str]
    writes: list[str]


def call(line: str) -> Call:
    """Take a line apart with the command's own parser; it fails where the command would.

    What a parameter writes, its help says so: "... to write".
    """
    words = shlex.split(line, comments=True)[1:]
    name = next(" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS)
    arguments = words[len(name.split()) :]
    context = COMMANDS[name].make_context(name, list(arguments))
    reads, writes = [], []
    for parameter in COMMANDS[name].params:
        value = context.params.get(parameter.name)
        values = value if isinstance(value, list | tuple) else [value]
        paths = [str(one) for one in values if isinstance(one, Path | str)]
        if "to write" not in (parameter.help or ""):
            reads += paths
        elif isinstance(value, list | tuple):  # what is read, and last what is written
            reads, writes = reads + paths[:-1], writes + paths[-1:]
        else:
            writes += paths
    return Call(name, words, reads, [] if "--dry-run" in words else writes)
