"""Catalogue: photometry and host data joined into the released table."""

from clumpscope.stages.catalogue.overlaps import better_rows, clump_keys
from clumpscope.stages.catalogue.release import catalogue

__all__ = ["better_rows", "catalogue", "clump_keys"]
