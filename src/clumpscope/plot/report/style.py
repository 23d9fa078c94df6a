"""One style for the figures of a report: small panels, legible on a light and a dark page."""

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from clumpscope.core.boxes import Label

# Both are 3:1 or more from a white and from a nearly black page, and apart for the colour-blind.
TONES = {Label.CLUMP: "#2B8CBE", Label.ODD: "#D07A00"}
GREY = "#808080"
FINDERS = ("#2B8CBE", "#D07A00", "#1B9E77", "#C0568A", "#7A6FD0", "#808080")
MARKERS = ("o", "s", "^", "D", "v", "P")
SIZE = (4.3, 3.2)  # inches
MANY = 400  # points; more are drawn as pixels, so that the page stays small
_DPI = 170  # of these

# Stand for what the page's own style decides.
INK, _LINE = "#0b0b0b", "#0b0b0c"
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "font.size": 10.0,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "clumpscope",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.formatter.useoffset": False,
}
_SVG, _LINKS = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DECIMALS = re.compile(r"(\d\.\d\d)\d+")


def per_cent(ax: Axes, low: int, high: int) -> None:
    """Tick an x axis of log10 of a share in per cent, at powers of ten from low to high."""
    ax.xaxis.set_ticks(range(low, high + 1), [f"{100 * 10.0**x:.3g}" for x in range(low, high + 1)])


def legend(ax: Axes) -> None:
    """Name what is drawn in lines above the axes, where nothing can be hidden."""
    drawn = ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        borderaxespad=0.3,
        borderpad=0.0,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=0.9,
    )
    for handle in drawn.legend_handles:
        if isinstance(handle, PathCollection):  # points, which may be small and faint
            handle.set(alpha=0.9, sizes=[16])


@dataclass(frozen=True)
class Chart:
    """A figure of the page: its title, its SVG, and what one sees in it."""

    title: str
    svg: str
    caption: str


def chart(
    key: str,
    title: str,
    caption: str,
    draw: Callable[[Axes], None],
    size: tuple[float, float] = SIZE,
) -> Chart:
    """Draw a figure of one panel in the style of the page.

    ``key`` begins its ids, which no other figure of the page may have.
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        return Chart(title, inline_svg(figure, key, f"{title}. {caption}"), caption)


def inline_svg(figure: Figure, key: str, label: str = "") -> str:
    """A figure as SVG for the body of a page: no ids but of ``key``, no styles, no addresses.

    ``label`` says what it shows; without, it is hidden from those who do not see it.
    """
    stream = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context(_STYLE), _quiet_about_glyphs():
        figure.savefig(stream, format="svg", transparent=True, dpi=_DPI, metadata=nothing)
    root = ElementTree.fromstring(stream.getvalue())  # noqa: S314  (matplotlib's)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style") or _empty_style(child):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.attrib = {
            name.removeprefix(_LINKS): _value(name, text, key)
            for name, text in element.attrib.items()
        }
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return ElementTree.tostring(root, encoding="unicode")


@contextmanager
def _quiet_about_glyphs() -> Iterator[None]:
    """Text is text: a browser has the letters that matplotlib's own font lacks."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def _empty_style(element: ElementTree.Element) -> bool:
    return element.tag == f"{_SVG}defs" and all(one.tag == f"{_SVG}style" for one in element)


def _value(name: str, text: str, key: str) -> str:
    """An attribute as it stands in the page."""
    if name == "id":
        return f"{key}-{text}"
    if text.startswith("#") and name.endswith("href"):
        return f"#{key}-{text[1:]}"
    if text.startswith("data:"):
        return text
    text = _REFERENCE.sub(rf"url(#{key}-\1)", text)
    text = text.replace(INK, "currentColor").replace(_LINE, "var(--line)")
    return _DECIMALS.sub(r"\1", text)
