"""Pages of `report`."""

from clumpscope.jobs.report import report
from html_pages import HtmlPage, assert_sound


def page_of(folder, out=None):
    path = report(folder, out)
    text = path.read_text(encoding="utf-8")
    page = HtmlPage.of(text)
    assert_sound(page)
    return page
