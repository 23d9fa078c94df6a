"""Catalogue: photometry and host data joined into the released table."""

from clumpscope.stages.catalogue.release import catalogue

__all__ = ["catalogue"]
