"""Find, measure and vet giant star-forming clumps in galaxy images."""

from importlib.metadata import version

__version__ = version("clumpscope")
