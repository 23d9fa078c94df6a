"""The loop over a survey's fields, with a toy."""

import time

import pytest
from astropy.table import Table

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.errors import FrameError, reason
from clumpscope.stages.fetch import survey as stage
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.targets import make_targets
from toy_survey import CENTRE, GALAXY, ToySurvey


def fetch(survey, *fields):
    """Results by galaxy: a target for each field, 0, 1 and so on."""
    ra, dec = zip(*(GALAXY.get(field, (0.0, 0.0)) for field in fields), strict=True)
    table = Table({"galaxy_id": [str(n) for n in range(len(fields))], "ra": ra, "dec": dec})
    return list(stage.fetch(survey, make_targets(table), FetchConfig(), 6.0))


def ids(results):
    return [
        result.image.galaxy_id if isinstance(result, Fetched) else result.galaxy_id
        for result in results
    ]


def test_a_field_is_loaded_once_and_in_the_order_of_its_first_target():
    survey = ToySurvey()
    results = fetch(survey, "west", "east", "nowhere", "west")
    assert survey.loaded == ["west", "east"]
    assert ids(results) == ["2", "0", "3", "1"]
    assert results[0] == FetchFailure("2", "fetch", "off the toy")


@pytest.mark.parametrize("error", [FrameError("west is torn"), MemoryError("too large")])
def test_a_field_that_cannot_be_loaded_fails_its_targets_only(error):
    class Torn(ToySurvey):
        def load(self, field):
            if field == "west":
                raise error
            return super().load(field)

    results = fetch(Torn(), "west", "east", "west")
    assert ids(results) == ["0", "2", "1"]
    assert results[:2] == [FetchFailure(n, "fetch", reason(error)) for n in "02"]
    assert isinstance(results[2], Fetched)


@pytest.mark.parametrize(
    "error", [FrameError("no width"), ValueError("no width"), KeyError("no width")]
)
def test_a_target_that_cannot_be_cut_fails_alone(error):
    class Blind:
        """A PSF that fails at the right of the field's middle."""

        def __init__(self, psf):
            self.psf = psf

        def at(self, row, col):
            if col > 125:
                raise error
            return self.psf.at(row, col)

    class Half(ToySurvey):
        def load(self, field):
            bands = super().load(field)
            object.__setattr__(bands["g"], "psf", Blind(bands["g"].psf))
            return bands

    ra, dec = CENTRE["west"]
    places = {"ra": [ra + 0.002, ra - 0.002], "dec": [dec, dec]}
    table = Table({"galaxy_id": ["left", "right"], **places})
    results = list(stage.fetch(Half(), make_targets(table), FetchConfig(), 6.0))
    assert ids(results) == ["left", "right"]
    assert isinstance(results[0], Fetched)
    assert results[1] == FetchFailure("right", "fetch", f"field west: {reason(error)}")


def test_a_target_has_so_much_time():
    class Slow(ToySurvey):
        def load(self, field):
            time.sleep(5 if field == "west" else 0)
            return super().load(field)

    ra, dec = zip(GALAXY["west"], GALAXY["east"], strict=True)
    targets = make_targets(Table({"galaxy_id": ["w", "e"], "ra": ra, "dec": dec}))
    results = list(
        stage.fetch(Slow(), targets, FetchConfig(), 6.0, limits=LimitsConfig(seconds=0.5))
    )
    assert ids(results) == ["w", "e"]
    assert "expected at most 0.5 s for a galaxy, [limits] seconds, got more" in results[0].error
    assert isinstance(results[1], Fetched)
