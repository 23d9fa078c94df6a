"""Each step leaves what it should, and the last one is what refine gives."""

import numpy as np
import pytest

import scenes
from clumpscope.config.run import RefineConfig
from clumpscope.ops.outline import outline_of
from clumpscope.stages.refine import refine, steps_of

SHAPE = (100, 100)
CONFIG = RefineConfig(recentre_fwhm=0, keep_nucleus=False)
PLACES = [
    [60, 41.25],
    [60, 41.35],  # the same box nearly: suppressed
    [60 + 0.8 * scenes.FWHM_PX, 41.25],  # within a PSF-FWHM: merged
    [40, 60],  # of too low a score
    [49.5, 49.5],  # the nucleus
    [5, 5],  # far outside the host
]
SCORES = [0.9, 0.8, 0.7, 0.1, 0.6, 0.95]


@pytest.fixture
def image():
    return scenes.galaxy(shape=SHAPE, host_flux=400)


@pytest.fixture
def boxes():
    return scenes.boxes_at(PLACES, SHAPE, scenes.FWHM_PX, SCORES)


def test_each_step_takes_its_own(image, boxes):
    taken = steps_of(image, boxes, CONFIG, 0.3, outline_of(image, CONFIG))
    assert taken.detected.scores.tolist() == SCORES
    assert taken.detected.centres == pytest.approx(np.array(PLACES))
    assert sorted(taken.single.scores) == [0.1, 0.6, 0.7, 0.9, 0.95]
    assert sorted(taken.candidates.scores) == [0.7, 0.9, 0.95]
    assert sorted(taken.joined.scores) == [0.9, 0.95]
    (kept,) = taken.joined[taken.kept].scores
    assert kept == 0.9


def test_a_group_has_its_best_box_about_its_own_place(image, boxes):
    taken = steps_of(image, boxes, CONFIG, 0.3, outline_of(image, CONFIG))
    group = taken.joined[taken.kept]
    assert group.centres[0] == pytest.approx([60 + 0.4 * scenes.FWHM_PX, 41.25])
    assert group.xyxy[0, 2:] - group.xyxy[0, :2] == pytest.approx([scenes.FWHM_PX] * 2)


def test_the_last_step_is_what_refine_gives(image, boxes):
    taken = steps_of(image, boxes, CONFIG, 0.3, outline_of(image, CONFIG))
    refined = refine(image, boxes, CONFIG, 0.3)
    assert refined.xy == pytest.approx(taken.joined[taken.kept].centres)
    assert refined.score.tolist() == taken.joined[taken.kept].scores.tolist()


def test_the_region_is_the_host_and_what_is_allowed_beyond(image, boxes):
    outline = outline_of(image, CONFIG)
    near, far = (
        steps_of(
            image, boxes, CONFIG.model_copy(update={"beyond_fwhm": reach}), 0.3, outline
        ).region
        for reach in (0.0, 2.0)
    )
    assert (near == outline).all()
    assert far[outline].all()
    assert far.sum() > outline.sum()


def test_without_a_host_all_stay(image, boxes):
    taken = steps_of(image, boxes, CONFIG, 0.3, np.zeros(SHAPE, dtype=bool))
    assert taken.kept.all()
    assert not taken.region.any()
