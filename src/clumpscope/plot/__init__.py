"""Figures: of runs and their galaxies, and of labels and volunteers."""

from clumpscope.plot.evaluate import completeness_purity
from clumpscope.plot.figures import save
from clumpscope.plot.portrait import Portrait
from clumpscope.plot.sheet import Panel, contact_sheet
from clumpscope.plot.show import portrait

__all__ = ["Panel", "Portrait", "completeness_purity", "contact_sheet", "portrait", "save"]
