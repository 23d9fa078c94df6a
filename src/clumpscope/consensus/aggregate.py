"""All images and all volunteers: alternates between truths and skills until the cost settles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clumpscope.config import ConsensusConfig
from clumpscope.consensus import truths as one
from clumpscope.consensus.model import (
    Counts,
    Skills,
    View,
    learn_means,
    prior_cost,
    start_means,
    update,
)
from clumpscope.consensus.truths import Truths, Verdict
from clumpscope.core.marks import Marks

Values = NDArray[np.float64]
Index = NDArray[np.int64]
Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Tally:
    """What each look adds to its volunteer's `Counts`: S rows, in the order of the looks."""

    marks: Values
    false: Values
    truths: Values
    found: Values
    squares: Values
    tools: Values

    def counts(self, volunteer: Index, volunteers: int) -> Counts:
        """Summed over the looks of each volunteer; truths by kind are not known to it."""

        def total(values: Values) -> Values:
            return np.bincount(volunteer, values, volunteers)

        c = self.tools.shape[1]
        tools = np.zeros((volunteers, c, c))
        np.add.at(tools, volunteer, self.tools)
        flat = [total(a) for a in (self.marks, self.false, self.truths, self.found, self.squares)]
        return Counts(*flat, tools, np.zeros(c), np.zeros(c))


@dataclass(frozen=True, eq=False)
class Consensus:
    """The outcome.

    Attributes
    ----------
    truths, verdicts
        One an image.
    skills
        Of the volunteers.
    counts
        What they did on these images.
    tally
        The same by look.
    costs
        The objective after each round: it never rises.
    """

    truths: list[Truths]
    verdicts: list[Verdict]
    skills: Skills
    counts: Counts
    tally: Tally
    costs: list[float]


def views(marks: Marks) -> Iterator[View]:
    """Each image's looks and marks."""
    looks, at = marks.slices()
    for i in range(len(marks)):
        of_image = slice(at[i], at[i + 1])
        yield View(
            marks.look_volunteer[looks[i] : looks[i + 1]],
            marks.volunteer[of_image],
            marks.kind[of_image] - 1,
            marks.xyxy[of_image],
        )


def consensus(
    marks: Marks,
    config: ConsensusConfig,
    *,
    known: Counts | None = None,
    progress: Progress = lambda _: None,
) -> Consensus:
    """Solve for truths and skills together.

    Parameters
    ----------
    known
        What the volunteers did on other images (an earlier run); counts like marks of this one.
    progress
        Told 1 for each image of each round.
    """
    kinds = max(int(marks.kind.max(initial=1)), 1 if known is None else len(known.kinds))
    before = Counts.none(len(marks.volunteers), kinds) if known is None else known
    seen = list(views(marks))
    found = [one.start(view, config) for view in seen]
    skills = _skills(before + _counts(marks, found, kinds)[0], start_means(config), config)
    costs: list[float] = []
    for _ in range(config.rounds):
        for i, view in enumerate(seen):
            found[i] = one.refit(view, found[i], skills, config)
            progress(1)
        skills = _skills(before + _counts(marks, found, kinds)[0], skills.means, config)
        costs.append(objective(seen, found, skills, before, config))
        if len(costs) > 1 and costs[-2] - costs[-1] <= config.tolerance * abs(costs[-1]):
            break
    counts, tally = _counts(marks, found, kinds)
    verdicts = [one.verdict(v, t, skills, config) for v, t in zip(seen, found, strict=True)]
    return Consensus(found, verdicts, skills, counts, tally, costs)


def _skills(
    counts: Counts, means: tuple[float, float, float], config: ConsensusConfig
) -> Skills:
    skills = update(counts, means, config)
    return learn_means(skills, config) if config.learn_population else skills


def objective(
    seen: list[View],
    found: list[Truths],
    skills: Skills,
    known: Counts,
    config: ConsensusConfig,
) -> float:
    """Negative log posterior of everything, up to a constant."""
    cost = sum(
        one.image_cost(view, truths, skills, config)
        for view, truths in zip(seen, found, strict=True)
    )
    return cost + prior_cost(skills, config) + _known_cost(known, skills)


def _known_cost(known: Counts, skills: Skills) -> float:
    """What earlier images say of the skills."""
    fp, fn = skills.false_positive, skills.false_negative
    cost = -(known.false * np.log(fp) + (known.marks - known.false) * np.log1p(-fp)).sum()
    cost -= ((known.truths - known.found) * np.log(fn) + known.found * np.log1p(-fn)).sum()
    cost += 0.5 * (known.found * np.log(skills.variance) + known.squares / skills.variance).sum()
    cost -= (known.tools * np.log(skills.confusion)).sum()
    cost -= (known.kinds * np.log(skills.kinds)).sum() + (known.noise * np.log(skills.noise)).sum()
    return float(cost)


def _counts(marks: Marks, found: list[Truths], kinds: int) -> tuple[Counts, Tally]:
    """What each volunteer did on these images."""
    looks = len(marks.look_image)
    key = marks.look_image * max(len(marks.volunteers), 1) + marks.look_volunteer
    look = np.searchsorted(key, marks.image * max(len(marks.volunteers), 1) + marks.volunteer)
    per_image = np.array([len(truths.kind) for truths in found], dtype=float)
    first = np.cumsum([0, *per_image]).astype(np.int64)
    owner = np.concatenate([np.zeros(0, dtype=np.int64), *(truths.owner for truths in found)])
    kind_of = np.concatenate([np.zeros(0, dtype=np.int64), *(truths.kind for truths in found)])
    apart = np.concatenate([np.zeros(0), *(truths.apart for truths in found)])
    difficulty = np.array([truths.difficulty for truths in found])
    joined = owner >= 0
    is_kind = kind_of[(owner + first[marks.image])[joined]]
    tools = np.zeros((looks, kinds, kinds))
    np.add.at(tools, (look[joined], is_kind, marks.kind[joined] - 1), 1.0)
    squares = apart**4 / (difficulty[marks.image] if len(found) else 1.0)
    tally = Tally(
        np.bincount(look, minlength=looks).astype(float),
        np.bincount(look, ~joined, minlength=looks),
        per_image[marks.look_image] if len(found) else np.zeros(0),
        np.bincount(look, joined, minlength=looks),
        np.bincount(look, squares, minlength=looks),
        tools,
    )
    counts = tally.counts(marks.look_volunteer, len(marks.volunteers))
    of_kind = np.bincount(kind_of, minlength=kinds).astype(float)
    noise = np.bincount(marks.kind[~joined] - 1, minlength=kinds).astype(float)
    return (
        Counts(*(getattr(counts, n) for n in _PER_VOLUNTEER), counts.tools, of_kind, noise),
        tally,
    )


_PER_VOLUNTEER = ("marks", "false", "truths", "found", "squares")
