"""Vet: what people decide of boxes, how far they agree, which boxes of a new run are old ones."""

from clumpscope.stages.vet.agreement import Agreement, agreement
from clumpscope.stages.vet.document import document, rows
from clumpscope.stages.vet.joint import Said, differ, latest, majority, verdict
from clumpscope.stages.vet.rematch import rematched
from clumpscope.stages.vet.state import ACTIONS, BoxState, GalaxyState, changed_box, changed_galaxy

__all__ = [
    "ACTIONS",
    "Agreement",
    "BoxState",
    "GalaxyState",
    "Said",
    "agreement",
    "changed_box",
    "changed_galaxy",
    "differ",
    "document",
    "latest",
    "majority",
    "rematched",
    "rows",
    "verdict",
]
