import numpy as np
import pytest
from toys import build, toy

from clumpscope.config.labels import ConsensusConfig
from clumpscope.stages.consensus.aggregate import consensus, tally
from clumpscope.stages.consensus.beliefs import beliefs
from clumpscope.stages.consensus.model import Counts, update
from clumpscope.stages.consensus.truths import Truths, Verdict

CONFIG = ConsensusConfig()


def project(wrong=0.0, stray=0, images=60, volunteers=8, seed=0):
    """Everybody marks both truths of every image; the last volunteer errs and strays."""
    rng = np.random.default_rng(seed)
    seen, rows, found, verdicts = [], [], [], []
    for image in range(images):
        for who in range(volunteers):
            seen.append((image, who))
            for kind, place in ((1, 0.4), (2, 0.6)):
                x, y = place + 0.002 * rng.standard_normal(2)
                other = who == volunteers - 1 and rng.random() < wrong
                rows.append((image, who, 3 - kind if other else kind, x, y))
            for _ in range(stray if who == volunteers - 1 else 0):
                rows.append((image, who, int(rng.integers(1, 3)), *rng.uniform(0.1, 0.3, 2)))
    marks = build(images, volunteers, seen, rows)
    _, at = marks.slices()
    for i in range(images):
        boxes = marks.xyxy[at[i] : at[i] + 2]
        kind = marks.kind[at[i] : at[i + 1]]
        middle = marks.xyxy[at[i] : at[i + 1], 0] + 0.02
        near = np.where(abs(middle - 0.4) < 0.05, 0, np.where(abs(middle - 0.6) < 0.05, 1, -1))
        # As the highest posterior leaves it: marks with another tool have no owner.
        owner = np.where(near == kind - 1, near, -1)
        apart = np.zeros(len(kind))
        zero = np.zeros(2, dtype=int)
        found.append(Truths(boxes, np.array([0, 1]), zero, owner, apart, 1.0, 0.0))
        verdicts.append(Verdict(np.zeros(2), np.eye(2), 0.0, 0.0, 0.0))
    return marks, found, verdicts


def fitted(marks, found):
    counts = tally(marks, found, (2, 2)).counts(marks.look_volunteer, len(marks.volunteers))
    return update(counts, (0.1, 0.4, 0.01), None, CONFIG), counts


def test_marks_in_plain_sight_are_counted_like_owned_ones():
    marks, found, verdicts = project()
    skills, counts = fitted(marks, found)
    nobody = Counts.none(8, 2, 2)
    believed = beliefs(marks, found, verdicts, skills, nobody, CONFIG)
    assert believed.false_positive == pytest.approx(skills.false_positive, abs=0.01)
    assert believed.wrong_tool == pytest.approx(skills.wrong_tool, abs=0.01)
    assert (counts.found.sum(axis=1) == 120).all()


def test_wrong_tools_of_a_careless_volunteer_are_seen():
    marks, found, verdicts = project(wrong=0.5, stray=4)
    skills, _ = fitted(marks, found)
    believed = beliefs(marks, found, verdicts, skills, Counts.none(8, 2, 2), CONFIG)
    assert skills.wrong_tool[-1] < 0.05  # nothing learnt where those marks have no owner
    assert 0.35 < believed.wrong_tool[-1] < 0.5  # of 0.5, drawn to the prior's 0.1
    assert believed.wrong_tool[:-1] == pytest.approx(np.full(7, 0.1 * 10 / 70), abs=0.01)
    assert believed.false_positive[-1] > 0.55  # of 2 / 3


def test_two_marks_of_a_volunteer_do_not_both_count():
    rows = [(0, k, 1, 0.5, 0.5) for k in range(6)] + [(0, 6, 1, 0.5, 0.5), (0, 6, 1, 0.505, 0.5)]
    marks = build(1, 7, [(0, k) for k in range(7)], rows)
    result = consensus(marks, CONFIG)
    assert len(result.truths[0].kind) == 1
    false = result.skills.false_positive
    assert false[6] > false[0]


def test_truths_that_may_be_none_count_as_their_chance():
    marks, found, verdicts = project()
    doubtful = [Verdict(np.array([0.0, 0.9]), np.eye(2), 0, 0, 0) for _ in verdicts]
    skills, _ = fitted(marks, found)
    nobody = Counts.none(8, 2, 2)
    believed = beliefs(marks, found, doubtful, skills, nobody, CONFIG)
    prior = CONFIG.false_positive_weight * 0.1
    expected = (prior + 0.9 * 60) / (CONFIG.false_positive_weight + 120)
    assert believed.false_positive == pytest.approx(np.full(8, expected), abs=0.01)


def test_nobody_is_believed_in_without_marks():
    marks = toy(images=2, seed=1).marks
    empty = build(2, 3, [(0, 0), (1, 1), (1, 2)], [])
    for one in (marks, empty):
        assert np.isfinite(consensus(one, CONFIG).skills.variance).all()
