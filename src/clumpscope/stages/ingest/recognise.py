"""Which survey files are of."""

from collections.abc import Iterable

from clumpscope.config.survey import SurveyProfile, load_survey, survey_names
from clumpscope.errors import FrameError, expected_got
from clumpscope.stages.ingest.extensions import Extension
from clumpscope.stages.ingest.naming import common_bands

# Bands by their own names, and nothing else: what is known of files of no known survey.
UNKNOWN = SurveyProfile(about="files of no known survey", bands=dict(common_bands()))


def profile_of(extensions: Iterable[Extension], asked: str | None) -> tuple[str, SurveyProfile]:
    """The profile asked for, else the one that the headers are of, with its name.

    Without either, the name is empty and the profile knows bands by their own names.

    Raises
    ------
    RecipeError
        If there is no such profile.
    FrameError
        If files are of several surveys.
    """
    if asked is not None:
        return asked, load_survey(asked)
    known = {name: load_survey(name) for name in survey_names()}
    found: dict[str, Extension] = {}
    for extension in extensions:
        for name, profile in known.items():
            if name not in found and profile.is_of(extension.shared):
                found[name] = extension
    if len(found) > 1:
        got = ", ".join(f"{name} ({one.path.name})" for name, one in found.items())
        raise FrameError(expected_got("files", "one survey", got, "say which with --survey"))
    return next(((name, known[name]) for name in found), ("", UNKNOWN))
