"""Figures of the report as SVG that many may stand on one page."""

import re

import numpy as np

from clumpscope.plot.report.style import chart
from html_pages import HtmlPage


def drawn(key, label="t", raster=False):
    def draw(ax):
        ax.scatter(np.arange(5), np.arange(5), rasterized=raster)
        ax.set(xlabel=label)

    return chart(key, "Title", "A & B <c>.", draw)


def test_two_figures_share_no_id_and_refer_to_their_own():
    svg = drawn("one").svg + drawn("two").svg
    page = HtmlPage.of(svg)
    assert len(page.ids) == len(set(page.ids)) > 20
    assert set(page.references) <= set(page.ids)
    assert all(name.split("-")[0] in ("one", "two") for name in page.ids)
    assert page.outside == []


def test_a_figure_is_named_takes_the_page_s_colours_and_has_no_size_of_its_own():
    svg = drawn("one").svg
    root = svg[: svg.index(">")]
    assert 'aria-label="Title. A &amp; B &lt;c&gt;."' in root
    assert "width" not in root
    assert "viewBox" in root
    assert "currentColor" in svg
    assert "var(--line)" in svg
    assert "#0b0b0b" not in svg
    assert "<style" not in svg
    assert re.search(r"<text[^>]*>t<", svg)


def test_points_as_pixels_stay_data():
    page = HtmlPage.of(drawn("one", raster=True).svg)
    assert "image" in page.tags
    assert page.outside == []


def test_a_dollar_is_a_dollar():
    assert "$x$" in drawn("one", label="$x$").svg
