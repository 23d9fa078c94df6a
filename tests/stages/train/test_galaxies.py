"""Which galaxies labels and run-groups know of."""

import numpy as np
import pytest

from clumpscope.core.boxes import Boxes
from clumpscope.errors import TableError
from clumpscope.stages.train.galaxies import Count, galaxies_of, grouped, known_by, repeated

ONE = [[0.1, 0.1, 0.2, 0.2]]


def boxes(*labels):
    n = len(labels)
    return Boxes.of(ONE * n, labels, np.ones(n), np.full((n, 3), np.nan))


LABELS = {"a": boxes(1, 2, 1), "c": boxes(2)}
GALAXIES = galaxies_of(0, ["a", "b", "c"], ["a", "b", "c"], LABELS)
COPIES = galaxies_of(1, ["a.2", "d"], ["a", "d"], {})


def test_every_galaxy_is_there_with_its_labels():
    assert [(g.sample, g.row, g.galaxy_id, g.host) for g in [*GALAXIES, *COPIES]] == [
        (0, 0, "a", "a"),
        (0, 1, "b", "b"),
        (0, 2, "c", "c"),
        (1, 0, "a.2", "a"),
        (1, 1, "d", "d"),
    ]
    assert [len(g.boxes) for g in GALAXIES] == [3, 0, 1]


def test_ids_that_several_samples_hold_are_counted():
    others = galaxies_of(2, ["c", "a", "e"], ["c", "a", "e"], {"a": boxes(1)})
    assert list(repeated([*GALAXIES, *COPIES, *others]).values()) == [2]
    assert repeated([*GALAXIES, *COPIES]) == {}


def test_counts():
    assert Count.of(GALAXIES) == Count(galaxies=3, bare=1, clumps=2, odd=2)
    assert Count.of([]) == Count(0, 0, 0, 0)


def test_galaxies_that_nobody_looked_at_are_left_out():
    shown, notes = known_by(GALAXIES, ["a", "c", "x", "y"], {"a", "b", "y"}, "labels")
    assert [g.galaxy_id for g in shown] == ["a", "b"]
    assert notes == {
        "galaxies with labels that the samples lack": 2,
        "galaxies that nobody looked at, left out": 1,
    }


def test_without_word_of_looks_all_galaxies_count():
    shown, notes = known_by(GALAXIES, ["a"], None, "labels")
    assert shown == GALAXIES
    assert set(notes.values()) == {0}


def test_labels_that_fit_no_galaxy():
    message = "expected labels of galaxies of the samples, got those of 2 others, such as x"
    with pytest.raises(TableError, match=message):
        known_by(GALAXIES, ["y", "x"], None, "labels")
    with pytest.raises(TableError, match="got none"):
        known_by(GALAXIES, [], None, "labels")


def test_labels_of_a_galaxy_in_two_samples_may_not_fit():
    twice = [*GALAXIES, *galaxies_of(1, ["c"], ["c"], {})]
    with pytest.raises(TableError, match="labels: galaxy c: expected in one sample, got in 2"):
        known_by(twice, ["a"], None, "labels")


def test_a_copy_that_no_group_lists_goes_with_its_host():
    side_of = {"a": "validation", "b": "train", "c": "test", "e": "train", "f": "test"}
    sides, notes = grouped([*GALAXIES, *COPIES], side_of, "groups")
    assert sides == ["validation", "train", "test", "validation", ""]
    assert notes == {
        "galaxies of the run-group that are not there": 1,
        "galaxies of the run-group's test, left out": 1,
        "galaxies outside the run-group, left out": 1,
    }
    own, _ = grouped([*GALAXIES, *COPIES], {**side_of, "a.2": "train"}, "groups")
    assert own[3] == "train"


@pytest.mark.parametrize("missing", ["train", "validation"])
def test_a_group_with_an_empty_side(missing):
    side_of = dict.fromkeys("abc", "train" if missing != "train" else "validation")
    with pytest.raises(TableError, match=f"groups: {missing}: expected galaxies of the samples"):
        grouped(GALAXIES, side_of, "groups")
