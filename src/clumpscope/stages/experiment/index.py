"""A page that lists every table and figure, and why others are not there."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TITLE = "Tables and figures of Popp et al. 2024"
_CSS = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a}img{max-width:100%;height:auto}figure{margin:2rem 0}h2{margin-top:2.5rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "vertical-align:top}"
)


@dataclass(frozen=True)
class Entry:
    """A table or figure: its files, or why there is none."""

    title: str
    caption: str
    paths: Sequence[Path]
    missing: str = ""


def index_markdown(entries: Sequence[Entry], folder: Path) -> str:
    """The page in Markdown, for ``folder``."""
    lines = [f"# {_TITLE}", ""]
    for one in entries:
        if not one.missing:
            lines += [f"## {one.title}", "", one.caption, "", _links_markdown(one, folder), ""]
            lines += [f"![{one.title}]({_place(p, folder)})\n" for p in _of(one, ".png")]
    missing = [one for one in entries if one.missing]
    if missing:
        lines += ["## Missing", "", *(f"* {one.title}: {one.missing}" for one in missing), ""]
    return "\n".join(lines)


def index_html(entries: Sequence[Entry], folder: Path) -> str:
    """The page in HTML, for ``folder``."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{_TITLE}</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{_CSS}</style><h1>{_TITLE}</h1>",
    ]
    for one in entries:
        if one.missing:
            continue
        parts.append(f"<h2>{one.title}</h2>")
        links = " · ".join(f'<a href="{_place(p, folder)}">{p.suffix[1:]}</a>' for p in one.paths)
        for path in _of(one, ".png"):
            alt = html.escape(one.caption, quote=True)
            parts.append(f'<img src="{_place(path, folder)}" alt="{alt}" loading="lazy">')
        parts.append(f"<p>{html.escape(one.caption)} {links}</p>")
    missing = [one for one in entries if one.missing]
    if missing:
        rows = "".join(f"<tr><th>{one.title}<td>{html.escape(one.missing)}</tr>" for one in missing)
        parts.append(f"<h2>Missing</h2><table>{rows}</table>")
    return "\n".join(parts) + "\n"


def _of(entry: Entry, suffix: str) -> list[Path]:
    return [path for path in entry.paths if path.suffix == suffix]


def _links_markdown(entry: Entry, folder: Path) -> str:
    return ", ".join(f"[{p.suffix[1:]}]({_place(p, folder)})" for p in entry.paths)


def _place(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
