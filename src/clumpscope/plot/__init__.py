"""Figures: of runs, and of labels and volunteers."""

from clumpscope.plot.runs import COLOURS, Panel, completeness_purity, contact_sheet, north_up

__all__ = ["COLOURS", "Panel", "completeness_purity", "contact_sheet", "north_up"]
