"""Small tables of words as people paste them: text, Markdown and LaTeX."""

import io
from pathlib import Path

from astropy.io import ascii as formats
from astropy.table import Table

from clumpscope.store.atomic import atomic


def write_summary(table: Table, folder: Path, name: str = "summary", caption: str = "") -> None:
    """Write a table as ``name.txt``, ``name.md`` and ``name.tex``.

    Parameters
    ----------
    table
        Text and whole numbers.
    caption
        Of the LaTeX table.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    texts = {
        "txt": in_format(table, "fixed_width_two_line", delimiter="  "),
        "md": markdown(table),
        "tex": latex(table, caption),
    }
    for suffix, text in texts.items():
        with atomic(folder / f"{name}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")


def markdown(table: Table) -> str:
    """A Markdown table."""
    safe = _escaped(table, {"|": r"\|"})
    return in_format(safe, "fixed_width_two_line", delimiter="|", delimiter_pad=" ", bookend=True)


def latex(table: Table, caption: str = "") -> str:
    """A LaTeX table, with rules as journals want them."""
    signs = {"%": r"\%", "_": r"\_", "&": r"\&", "≥": r"$\geq$", "±": r"$\pm$"}
    safe = _escaped(table, signs | {"–": "--", "#": r"\#"})
    rules = {"tabletype": "table", "caption": _replaced(caption, signs)} | formats.latexdicts["AA"]
    return in_format(safe, "latex", latexdict=rules)


def in_format(table: Table, name: str, **options: object) -> str:
    """A table in one of astropy's formats."""
    out = io.StringIO()
    formats.write(table, out, format=name, **options)
    return out.getvalue()


def _escaped(table: Table, signs: dict[str, str]) -> Table:
    columns = {
        _replaced(name, signs): [_replaced(str(value), signs) for value in table[name]]
        for name in table.colnames
    }
    return Table(columns)


def _replaced(text: str, signs: dict[str, str]) -> str:
    for sign, word in signs.items():
        text = text.replace(sign, word)
    return text
