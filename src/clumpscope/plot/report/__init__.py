"""A run as one page: its figures, its tables, and the page itself."""

from clumpscope.plot.report.gallery import Gallery, thumbnail
from clumpscope.plot.report.page import Evaluated, Page, page
from clumpscope.plot.report.style import Chart
from clumpscope.plot.report.tables import Grid

__all__ = ["Chart", "Evaluated", "Gallery", "Grid", "Page", "page", "thumbnail"]
