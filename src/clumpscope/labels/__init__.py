"""Training labels: cuts, run-groups and formats."""

from clumpscope.labels.select import Step, select
from clumpscope.labels.split import group_sizes, split

__all__ = ["Step", "group_sizes", "select", "split"]
