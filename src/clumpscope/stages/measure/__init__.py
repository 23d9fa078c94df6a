"""Measure: photometry of clumps at given positions."""

from clumpscope.ops.places import Coords
from clumpscope.stages.measure.aperture import gaussian_correction, moffat_correction
from clumpscope.stages.measure.photometry import Photometry, measure
from clumpscope.stages.measure.positions import UserPositions, resolve
from clumpscope.stages.measure.tables import measure_positions, photometry_table

__all__ = [
    "Coords",
    "Photometry",
    "UserPositions",
    "gaussian_correction",
    "measure",
    "measure_positions",
    "moffat_correction",
    "photometry_table",
    "resolve",
]
