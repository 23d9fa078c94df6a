"""By eye: places drawn from finders' candidates, judged by people who are not told whose."""

from clumpscope.stages.by_eye.answers import KINDS, Answers, answers, template
from clumpscope.stages.by_eye.estimates import Judged, Result, result
from clumpscope.stages.by_eye.page import README, html_page
from clumpscope.stages.by_eye.pool import Finds, Pool, Role, random_places, united, with_random
from clumpscope.stages.by_eye.sampling import Sampled, sampled
from clumpscope.stages.by_eye.tables import document, table

__all__ = [
    "KINDS",
    "README",
    "Answers",
    "Finds",
    "Judged",
    "Pool",
    "Result",
    "Role",
    "Sampled",
    "answers",
    "document",
    "html_page",
    "random_places",
    "result",
    "sampled",
    "table",
    "template",
    "united",
    "with_random",
]
