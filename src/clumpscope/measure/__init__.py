"""Measure: photometry of clumps at given positions."""

from clumpscope.measure.aperture import gaussian_correction, moffat_correction
from clumpscope.measure.photometry import Photometry, measure
from clumpscope.measure.positions import Coords, UserPositions, resolve
from clumpscope.measure.tables import measure_positions, photometry_table

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
