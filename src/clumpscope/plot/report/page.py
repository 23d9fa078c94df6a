"""The page: what it holds, and its HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from clumpscope.core.printable import printable
from clumpscope.plot.report.gallery import Gallery
from clumpscope.plot.report.style import Chart
from clumpscope.plot.report.tables import Grid


@dataclass(frozen=True)
class Evaluated:
    """What is told of an evaluation."""

    grids: Sequence[Grid] = ()
    charts: Sequence[Chart] = ()
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """All that a page tells; what is empty is left out or said to be.

    Attributes
    ----------
    name
        Of the run.
    gallery
        Some galaxies.
    facts
        What was run: words and values.
    notes
        What this run or page lacks, and why.
    counts
        The few numbers that matter: words and values.
    quality, flags, failures, columns
        Tables; ``None`` where there is nothing to tell.
    levels
        Number of clumps of each quality, by its meaning.
    charts
        Figures of the clumps.
    cite
        Sentences for a paper.
    provenance
        Tables of where everything comes from.
    recipe
        As text.
    """

    name: str
    gallery: Gallery
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    counts: Sequence[tuple[str, int]] = ()
    quality: Grid | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    flags: Grid | None = None
    evaluation: Evaluated | None = None
    charts: Sequence[Chart] = ()
    failures: Grid | None = None
    columns: Grid | None = None
    cite: Sequence[str] = ()
    provenance: Sequence[Grid] = ()
    recipe: str = ""


def page(contents: Page) -> str:
    """The page as HTML that needs no other file and no network."""
    return _template().render(page=contents)


@lru_cache(maxsize=1)
def _template() -> Template:
    """Ids and errors come from outside: everything is escaped, control codes are written out."""
    environment = Environment(
        loader=PackageLoader("clumpscope", "plot/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters["number"] = lambda value: f"{value:,}" if isinstance(value, int) else value
    return environment.get_template("page.html.j2")
