"""Calibrate: what a detector's probabilities are worth, by candidates whose truth is known."""

from clumpscope.stages.calibrate.candidates import Candidates
from clumpscope.stages.calibrate.choose import Choice, choose
from clumpscope.stages.calibrate.fit import KINDS, fit
from clumpscope.stages.calibrate.judge import Judged, Report, by_third, judge, judged
from clumpscope.stages.calibrate.measures import Measured, Measures, measure
from clumpscope.stages.calibrate.reliability import Reliability, reliability

__all__ = [
    "KINDS",
    "Candidates",
    "Choice",
    "Judged",
    "Measured",
    "Measures",
    "Reliability",
    "Report",
    "by_third",
    "choose",
    "fit",
    "judge",
    "judged",
    "measure",
    "reliability",
]
