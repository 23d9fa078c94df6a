"""The tree of questions."""

from clumpscope.core.questions import ANSWERS, QUESTIONS, spans
from clumpscope.core.records import VOTES


def test_a_question_comes_after_the_one_it_hangs_on():
    known = set()
    for question in QUESTIONS:
        assert question.after is None or "_".join(question.after) in known
        known |= set(question.columns)
    assert len(known) == len(ANSWERS)


def test_spans_are_the_columns_of_each_question():
    assert [ANSWERS[answers] for _, answers in spans()] == [one.columns for one in QUESTIONS]
    assert [spec.name for spec in VOTES] == ["galaxy_id", *ANSWERS]
