import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from toys import build, toy

from clumpscope.config.labels import ConsensusConfig
from clumpscope.ops.matching import match
from clumpscope.stages.consensus import aggregate, truths
from clumpscope.stages.consensus.aggregate import consensus, objective, tally, views
from clumpscope.stages.consensus.model import Counts

CONFIG = ConsensusConfig()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_the_cost_never_rises(seed):
    result = consensus(toy(images=12, volunteers=15, looks=8, seed=seed).marks, CONFIG)
    assert (np.diff(result.costs) <= 1e-6).all()


def test_the_cost_is_that_of_what_is_returned():
    project = toy(images=10, seed=4)
    result = consensus(project.marks, CONFIG)
    nobody = Counts.none(len(project.marks.volunteers), 2, 2)
    seen = list(views(project.marks))
    cost = objective(seen, result.truths, result.fitted, nobody, CONFIG)
    assert cost == pytest.approx(result.costs[-1])


def test_truths_and_skills_are_found():
    project = toy(images=120, volunteers=40, looks=12, seed=1)
    result = consensus(project.marks, CONFIG)
    found = there = hit = 0
    for truth, of_image in zip(project.truths, result.truths, strict=True):
        centres = (of_image.xyxy[:, :2] + of_image.xyxy[:, 2:]) / 2
        i, _ = match(centres, np.ones(len(centres)), truth, 0.02)
        found, there, hit = found + len(centres), there + len(truth), hit + len(i)
    assert hit / there > 0.9
    assert hit / found > 0.9
    skills = result.skills
    assert spearmanr(skills.false_negative, -project.detection)[0] > 0.8
    assert spearmanr(skills.variance, project.scatter)[0] > 0.8
    assert spearmanr(skills.false_positive, project.false)[0] > 0.8


def test_workers_change_nothing(monkeypatch):
    monkeypatch.setattr(aggregate, "_SHARD", 5)
    marks = toy(images=8, seed=2).marks
    config = ConsensusConfig(rounds=1)
    one, two = (consensus(marks, config, workers=n) for n in (1, 2))
    assert one.costs == two.costs
    for a, b in zip(one.truths, two.truths, strict=True):
        assert (a.xyxy == b.xyxy).all()
        assert (a.owner == b.owner).all()


def test_what_is_known_counts_like_marks():
    """Volunteers known from many images keep their skills on a new one."""
    project = toy(images=100, volunteers=20, seed=3)
    whole = consensus(project.marks, CONFIG)
    known = tally(project.marks, whole.truths, (2, 2)).counts(project.marks.look_volunteer, 20)
    few = toy(images=2, volunteers=20, seed=5).marks
    fresh, warm = consensus(few, CONFIG), consensus(few, CONFIG, known=known)
    target = whole.skills.false_negative
    error = [abs(one.skills.false_negative - target).mean() for one in (fresh, warm)]
    assert error[1] < 0.3 * error[0]


def test_tally_counts_by_hand():
    looks = [(0, 0), (0, 1), (1, 0)]
    rows = [(0, 0, 1, 0.5, 0.5), (0, 0, 2, 0.3, 0.3), (0, 1, 2, 0.5, 0.501)]
    marks = build(2, 2, looks, rows)
    first = truths.Truths(
        marks.xyxy[:1],
        np.array([0]),
        np.array([1]),
        np.array([0, -1, 0]),
        np.array([0, 0, 0.1]),
        2.0,
        0.0,
    )
    empty = np.zeros(0, dtype=int)
    second = truths.Truths(np.zeros((0, 4)), empty, empty, empty, np.zeros(0), 1.0, 0.0)
    counts = tally(marks, [first, second], (2, 2)).counts(marks.look_volunteer, 2)
    assert counts.marks.tolist() == [2, 1]
    assert counts.false.tolist() == [1, 0]
    assert counts.truths.tolist() == [[0, 1], [0, 1]]
    assert counts.found.tolist() == [[0, 1], [0, 1]]
    assert counts.squares == pytest.approx([0, 0.1**4 / 2])
    assert counts.tools[0].tolist() == [[1, 0], [0, 0]]
    assert counts.tools[1].tolist() == [[0, 1], [0, 0]]
    assert counts.classes.tolist() == [[0, 1], [0, 0]]
    assert counts.noise.tolist() == [0, 1]


def test_images_without_marks_and_volunteers_without_images():
    marks = build(3, 4, [(0, 0), (1, 2)], [])
    result = consensus(marks, CONFIG)
    assert [len(one.kind) for one in result.truths] == [0, 0, 0]
    assert all(one.finished(CONFIG) for one in result.verdicts)


def test_agreement_makes_sure_and_finished():
    rng = np.random.default_rng(0)
    looks = [(0, k) for k in range(12)]
    agreed = [(0, k, 1, *(0.5 + 0.002 * rng.standard_normal(2))) for k in range(12)]
    sure = consensus(build(1, 12, looks, agreed), CONFIG)
    assert len(sure.truths[0].kind) == 1
    assert sure.verdicts[0].p_false[0] < 0.01
    few = consensus(build(1, 12, looks, agreed[:5]), CONFIG)
    risk = [one.verdicts[0].risk for one in (sure, few)]
    assert risk[0] < risk[1]
