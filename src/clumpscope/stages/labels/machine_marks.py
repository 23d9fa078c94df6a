"""Boxes as marks that Zooniverse's pages show to begin with, for volunteers to move or delete.

Zooniverse's aggregation service keeps them as an extract of the key `KEY`, from a CSV that the
project's owner uploads; a reducer of the same key and of the kind "first extract" hands them to the
page when it shows the subject (documentation of zooniverse/caesar, "data fetching").
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clumpscope.core.boxes import Label
from clumpscope.errors import RecipeError, expected_got

KEY = "machineLearnt"
Corners = tuple[float, float, float, float]
_KINDS = {Label.CLUMP: "normal", Label.ODD: "odd"}


def machine_marks(
    boxes: Sequence[tuple[Corners, int]], tools: Mapping[str, str], tasks: Sequence[str]
) -> dict[str, Any]:
    """Marks of one subject, as the extract's ``data``: rectangles of the first step's first task.

    Parameters
    ----------
    boxes
        x1, y1, x2, y2 in pixels of the subject's picture, and `Label`, of each.
    tools
        The recipe's ``[consensus] tools``: those of them that are numbers say with which tool
        normal and odd clumps are marked. Without any, all are marked with the first.
    tasks
        The recipe's ``[consensus] tasks``, of which the first is the one of the marks; none: T0.

    Raises
    ------
    RecipeError
        If the tools have no number for a kind.
    """
    number = {kind: _tool(tools, name) for kind, name in _KINDS.items()}
    return {
        "data": [
            {
                "stepKey": "S0",
                "taskIndex": 0,
                "taskKey": tasks[0] if tasks else "T0",
                "taskType": "drawing",
                "toolIndex": number[Label(label)],
                "toolType": "rectangle",
                "frame": 0,
                "markId": f"box{k}",
                "x_center": (x1 + x2) / 2,
                "y_center": (y1 + y2) / 2,
                "width": x2 - x1,
                "height": y2 - y1,
            }
            for k, ((x1, y1, x2, y2), label) in enumerate(boxes, start=1)
        ]
    }


def _tool(tools: Mapping[str, str], kind: str) -> int:
    numbers = [int(name) for name, said in tools.items() if said == kind and name.isdecimal()]
    if not numbers and tools:
        wanted = f'a tool\'s number for {kind}, such as "0" = "{kind}"'
        raise RecipeError(expected_got("[consensus] tools", wanted, "none"))
    return min(numbers, default=0)
