"""The surveys to fetch from: each is a folder here with a `survey.py`, and a line below.

That module's `SURVEY` is the survey's class. It is loaded when it is asked for, so that the command
line can tell of all surveys without loading any.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clumpscope.errors import FrameError, expected_got

if TYPE_CHECKING:
    from clumpscope.config.services import ServicesConfig
    from clumpscope.core.remote import RemoteFile
    from clumpscope.stages.fetch.survey import FrameSurvey

# Name of the folder, and what is read.
SURVEYS = {"sdss": "corrected frames as the archive serves them"}

# Those that are asked over the network, and what for.
SERVICES = {
    "sdss": "frames and catalogue of the archive",
    "hsc": "cutouts and PSFs, for those with an account",
    "legacy": "cutouts and PSFs of the viewer",
}


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


def cutout_files(
    name: str, ra: float, dec: float, side_arcsec: float, config: "ServicesConfig"
) -> "list[RemoteFile]":
    """What to ask a service of cutouts for: the files of one target.

    Raises
    ------
    FrameError
        If it gives no such cutout.
    """
    module = import_module(f"{__package__}.{name}.remote")
    files: list[RemoteFile] = module.cutout_files(ra, dec, side_arcsec, config)
    return files
