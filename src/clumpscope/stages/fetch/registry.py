"""The surveys to fetch from: each is a folder here with a `survey.py`, and a line below.

That module's `SURVEY` is the survey's class. It is loaded when it is asked for, so that the command
line can tell of all surveys without loading any.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clumpscope.errors import FrameError, expected_got

if TYPE_CHECKING:
    from clumpscope.stages.fetch.survey import FrameSurvey

# Name of the folder, and what is read.
SURVEYS = {"sdss": "corrected frames as the archive serves them"}


def open_survey(name: str, frames: Path) -> "FrameSurvey[Any]":
    """Open a local mirror of a survey.

    Raises
    ------
    FrameError
        If there is no such survey or ``frames`` is no mirror of it.
    """
    if name not in SURVEYS:
        raise FrameError(expected_got("survey", " or ".join(SURVEYS), name))
    survey: type[FrameSurvey[Any]] = import_module(f"{__package__}.{name}.survey").SURVEY
    return survey.open(frames)
