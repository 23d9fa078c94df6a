"""Measure: aperture photometry of clumps at given positions."""

from clumpscope.measure.aperture import Photometry, aperture_correction, measure
from clumpscope.measure.positions import Coords, UserPositions, resolve
from clumpscope.measure.tables import measure_positions, photometry_table

__all__ = [
    "Coords",
    "Photometry",
    "UserPositions",
    "aperture_correction",
    "measure",
    "measure_positions",
    "photometry_table",
    "resolve",
]
