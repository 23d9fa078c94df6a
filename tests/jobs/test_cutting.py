"""Fields cut apart, with a toy: each read once, images on the disk, results in order."""

import pytest
from astropy.table import Table

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.limits import LIMITS
from clumpscope.errors import FolderError
from clumpscope.jobs.cutting import Cutting, cut_apart
from clumpscope.jobs.filling import Written
from clumpscope.stages.fetch.cutout import FetchFailure
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.images import read_galaxy
from clumpscope.store.output import work_folder
from toy_survey import GALAXY, ToySurvey


def targets(*fields):
    ra, dec = zip(*(GALAXY.get(field, (0.0, 0.0)) for field in fields), strict=True)
    ids = [str(n) for n in range(len(fields))]
    return make_targets(Table({"galaxy_id": ids, "ra": ra, "dec": dec}))


def begun(folder):
    """Where images go in a folder that a command began to fill."""
    work_folder(folder).mkdir(parents=True)
    return folder / "images"


def test_each_field_is_read_once_and_its_images_are_written(tmp_path):
    survey, images = ToySurvey(), begun(tmp_path)
    how = Cutting(images, FetchConfig(), 6.0, LIMITS)
    parts = list(cut_apart(survey, targets("west", "east", "nowhere", "west"), how, 1))
    assert survey.loaded == ["west", "east"]
    lost, west, east = (part.results for part in parts)
    assert lost == [FetchFailure("2", "fetch", "off the toy")]
    assert [one.galaxy_id for one in (*west, *east)] == ["0", "3", "1"]
    for one in (*west, *east):
        assert isinstance(one, Written)
        assert one.host["galaxy_id"] == one.galaxy_id
        assert tuple(read_galaxy(images / f"{one.galaxy_id}.fits").bands) == ("g", "i")


def test_processes_change_nothing(tmp_path):
    wanted = targets("west", "east", "west", "nowhere")
    made = {}
    for workers in (1, 2):
        folder = begun(tmp_path / str(workers))
        how = Cutting(folder, FetchConfig(compression="quantised"), 6.0, LIMITS)
        results = [
            one for part in cut_apart(ToySurvey(), wanted, how, workers) for one in part.results
        ]
        made[workers] = results, {path.name: path.read_bytes() for path in folder.iterdir()}
    assert repr(made[1][0]) == repr(made[2][0])
    assert made[1][1] == made[2][1]


def test_a_folder_that_a_worker_does_not_see_is_an_error(tmp_path):
    how = Cutting(tmp_path / "elsewhere" / "images", FetchConfig(), 6.0, LIMITS)
    with pytest.raises(FolderError, match="that all machines share"):
        list(cut_apart(ToySurvey(), targets("west"), how, 1))
    assert not (tmp_path / "elsewhere").exists()
