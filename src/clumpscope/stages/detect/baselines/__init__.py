"""Classical finders: what a user would otherwise pick, on the images that a detector sees.

Each takes an image and gives boxes, as a detector does; nucleus, outline and merging are left to
`refine`, fluxes to `measure`. All search the same planes (`scene`) and differ in how they sharpen
an image and pick sources in it (`method`).

Their floors are low: a threshold on the score is chosen afterwards, for every finder by the same
rule, on other galaxies than those it is judged on, never on these (`evaluate` lets each half of the
galaxies, by the hash of their ids, choose for the other).
"""

from collections.abc import Callable
from functools import partial

from clumpscope.core.boxes import Boxes
from clumpscope.core.galaxy import AnyImage
from clumpscope.stages.detect.baselines.guo import GUO
from clumpscope.stages.detect.baselines.median import SEP
from clumpscope.stages.detect.baselines.method import find
from clumpscope.stages.detect.baselines.peaks import PEAKS
from clumpscope.stages.detect.baselines.sattari import SATTARI

FINDERS: dict[str, Callable[[AnyImage], Boxes]] = {
    "sep": partial(find, SEP),
    "peaks": partial(find, PEAKS),
    "guo": partial(find, GUO),
    "sattari": partial(find, SATTARI),
}
