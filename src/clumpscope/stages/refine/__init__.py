"""Refine: from a galaxy's boxes to its clumps' positions."""

from clumpscope.stages.refine.clumps import Refined, refine
from clumpscope.stages.refine.steps import Steps, steps_of
from clumpscope.stages.refine.tables import positions_table

__all__ = ["Refined", "Steps", "positions_table", "refine", "steps_of"]
