"""A page taken apart: what a reader's browser would do with it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "input", "br", "hr"}
_LOADS = ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background")
_ADDRESS = re.compile(r"url\(\s*['\"]?(?!#|data:)|@import|https?://|//\w", re.IGNORECASE)


@dataclass
class HtmlPage(HTMLParser):
    """What stands in a page; fails where its tags do not match."""

    ids: list = field(default_factory=list)
    references: list = field(default_factory=list)
    outside: list = field(default_factory=list)
    headings: list = field(default_factory=list)
    unnamed: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)
    tags: list = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        super().__init__()
        self.open = []
        self.rows = None

    @classmethod
    def of(cls, html):
        page = cls()
        page.feed(html)
        page.close()
        assert page.open == []
        return page

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        self._look(tag, given)
        if tag == "table":
            self.rows, self.caption = [], ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self._look(tag, dict(attrs))

    def _look(self, tag, given):
        if "id" in given:
            self.ids.append(given["id"])
        for name, value in given.items():
            self.references += re.findall(r"url\(#([^)]+)\)", value or "")
            if name in _LOADS and value.startswith("#"):
                self.references.append(value[1:])
            elif (
                (name in _LOADS and not value.startswith("data:"))
                or name.startswith("on")
                or (name == "style" and _ADDRESS.search(value))
            ):
                self.outside.append((tag, name, value))
        if tag == "img" and not given.get("alt"):
            self.unnamed.append(tag)
        if tag == "svg" and not given.get("aria-label") and given.get("aria-hidden") != "true":
            self.unnamed.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self.caption] = self.rows
            self.rows = None

    def handle_data(self, data):
        if "style" in self.open:
            if _ADDRESS.search(data):
                self.outside.append(("style", "", data))
            return
        self.text += data
        if self.open and self.open[-1] == "caption":
            self.caption += data
        elif self.rows and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def assert_sound(page):
    """The law of every page of ours: alone, whole, named, in order."""
    assert page.outside == []
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.references) <= set(page.ids)
    assert page.unnamed == []
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert "script" not in page.tags
    assert all(page.tables)
