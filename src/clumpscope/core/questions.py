"""Questions about the shape of a galaxy, asked as a tree like that of Galaxy Zoo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question, its answers, and of whom it is asked: who gave one answer to an earlier one.

    Without ``after`` it is asked of everyone.
    """

    name: str
    answers: tuple[str, ...]
    after: tuple[str, str] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of the column of each answer's votes."""
        return tuple(f"{self.name}_{answer}" for answer in self.answers)


_FEATURED, _NOT_EDGE_ON = ("smooth_or_featured", "featured"), ("edge_on", "no")

# After Galaxy Zoo 2 (Willett et al. 2013) and DECaLS (Walmsley et al. 2022); parents first.
QUESTIONS = (
    Question("smooth_or_featured", ("smooth", "featured")),
    Question("how_rounded", ("round", "between", "cigar"), ("smooth_or_featured", "smooth")),
    Question("edge_on", ("yes", "no"), _FEATURED),
    Question("bar", ("yes", "no"), _NOT_EDGE_ON),
    Question("spiral_arms", ("yes", "no"), _NOT_EDGE_ON),
    Question("arm_number", ("2", "3", "4", "more", "cannot_tell"), ("spiral_arms", "yes")),
    Question("bulge_size", ("none", "small", "moderate", "large"), _NOT_EDGE_ON),
    Question("disturbed", ("no", "disturbed", "merger")),
)
ANSWERS = tuple(column for question in QUESTIONS for column in question.columns)


def spans(questions: Sequence[Question] = QUESTIONS) -> Iterator[tuple[Question, slice]]:
    """Each question, and which of all `ANSWERS` are its own."""
    start = 0
    for question in questions:
        yield question, slice(start, start + len(question.answers))
        start += len(question.answers)
