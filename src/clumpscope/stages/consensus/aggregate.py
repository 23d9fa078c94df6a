"""All images and all volunteers: alternates between truths and skills until the cost settles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Marks
from clumpscope.engine.local import Progress, Workers, ordered_map, shards, silent
from clumpscope.stages.consensus import truths as one
from clumpscope.stages.consensus.beliefs import beliefs
from clumpscope.stages.consensus.model import (
    Counts,
    Skills,
    View,
    learn_means,
    misses,
    prior_cost,
    start_means,
    update,
)
from clumpscope.stages.consensus.rounds import Rounds
from clumpscope.stages.consensus.truths import Truths, Verdict

Values = NDArray[np.float64]
Numbers = NDArray[np.float32]  # of every look of a project: there are millions
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tally:
    """What each look adds to its volunteer's `Counts`: S rows, in the order of the looks.

    ``marks`` and ``squares`` are (S,), ``truths`` and ``found`` (S, H), ``tools`` (S, C, C),
    ``noise`` (S, C). ``classes`` (S, C, H), the image's truths, stand at its first look only.
    """

    marks: Numbers
    truths: Numbers
    found: Numbers
    squares: Numbers
    tools: Numbers
    noise: Numbers
    classes: Numbers

    def counts(self, volunteer: Index, volunteers: int) -> Counts:
        """Summed over the looks of each volunteer."""

        def total(values: Numbers) -> Values:
            sums = np.zeros((volunteers, *values.shape[1:]))
            np.add.at(sums, volunteer, values)
            return sums

        return Counts(
            total(self.marks),
            total(self.marks - self.found.sum(axis=1)),
            total(self.truths),
            total(self.found),
            total(self.squares),
            total(self.tools),
            self.classes.sum(axis=0, dtype=float),
            self.noise.sum(axis=0, dtype=float),
        )


@dataclass(frozen=True, eq=False)
class Consensus:
    """The outcome.

    Attributes
    ----------
    truths, verdicts
        One an image.
    fitted
        Skills of the highest posterior, with which the truths were found.
    skills
        What to believe of the volunteers: `beliefs`.
    tally
        What they did, by look.
    costs
        The objective after each round: it never rises.
    """

    truths: list[Truths]
    verdicts: list[Verdict]
    fitted: Skills
    skills: Skills
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
    begun: Rounds | None = None,
    keep: Callable[[Rounds], None] = lambda _: None,
    workers: Workers = 1,
    progress: Progress = silent,
) -> Consensus:
    """Solve for truths and skills together.

    Parameters
    ----------
    known
        What the volunteers did on other images (an earlier run); counts like marks of this one.
    begun
        Rounds that an interrupted call has done, the other arguments being the same.
    keep
        Is told the state after each round.
    progress
        Told the number of images solved, in each round anew.
    """
    kinds = max(int(marks.kind.max(initial=1)), 1 if known is None else len(known.noise))
    shape = kinds, len(config.visibility)
    before = Counts.none(len(marks.volunteers), *shape) if known is None else known
    seen = list(views(marks))
    if begun is None:
        found = [one.start(view, config) for view in seen]
        skills = _skills(before + _total(marks, found, shape), start_means(config), None, config)
        begun = Rounds(found, skills)
    found, skills, costs = begun.found, begun.skills, list(begun.costs)
    while len(costs) < config.rounds and not _settled(costs):
        parts = shards(list(zip(seen, found, strict=True)), _SHARD)
        found = []
        for part in ordered_map(partial(_refit, skills, config), parts, workers):
            found += part
            progress(len(part))
        now = before + _total(marks, found, shape)
        skills = _skills(now, skills.means, skills.false_negative, config)
        costs.append(objective(seen, found, skills, before, config))
        keep(Rounds(found, skills, costs))
    verdicts = [one.verdict(v, t, skills, config) for v, t in zip(seen, found, strict=True)]
    believed = beliefs(marks, found, verdicts, skills, before, config)
    return Consensus(found, verdicts, skills, believed, tally(marks, found, shape), costs)


_SHARD = 500
_SETTLED = 1e-3  # relative fall of the cost that ends the rounds


def _settled(costs: Sequence[float]) -> bool:
    return len(costs) > 1 and costs[-2] - costs[-1] <= _SETTLED * abs(costs[-1])


def _refit(
    skills: Skills, config: ConsensusConfig, part: Sequence[tuple[View, Truths]]
) -> list[Truths]:
    return [one.refit(view, truths, skills, config) for view, truths in part]


def _total(marks: Marks, found: list[Truths], shape: tuple[int, int]) -> Counts:
    return tally(marks, found, shape).counts(marks.look_volunteer, len(marks.volunteers))


def _skills(
    counts: Counts,
    means: tuple[float, float, float],
    before: Values | None,
    config: ConsensusConfig,
) -> Skills:
    skills = update(counts, means, before, config)
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
    return cost + prior_cost(skills, config) + _known_cost(known, skills, config)


def _known_cost(known: Counts, skills: Skills, config: ConsensusConfig) -> float:
    """What earlier images say of the skills."""
    fp, fn = skills.false_positive, skills.false_negative
    cost = -(known.false * np.log(fp) + (known.marks - known.false) * np.log1p(-fp)).sum()
    miss = misses(fn, config)
    cost -= ((known.truths - known.found) * np.log(miss) + known.found * np.log1p(-miss)).sum()
    found = known.found.sum(axis=1)
    cost += 0.5 * (found * np.log(skills.variance) + known.squares / skills.variance).sum()
    cost -= (known.tools * np.log(skills.confusion)).sum()
    cost -= (known.classes * np.log(skills.classes)).sum()
    cost -= (known.noise * np.log(skills.noise)).sum()
    return float(cost)


def tally(marks: Marks, found: list[Truths], shape: tuple[int, int]) -> Tally:
    """What each volunteer did on each image, given its truths.

    ``shape`` is the number of kinds and that of visibilities.
    """
    looks, v = len(marks.look_image), max(len(marks.volunteers), 1)
    kinds, visibilities = shape
    key = marks.look_image * v + marks.look_volunteer
    look = np.searchsorted(key, marks.image * v + marks.volunteer)
    none = np.zeros(0, dtype=np.int64)
    owner = np.concatenate([none, *(truths.owner for truths in found)])
    kind_of = np.concatenate([none, *(truths.kind for truths in found)])
    seen_as = np.concatenate([none, *(truths.visibility for truths in found)])
    apart = np.concatenate([np.zeros(0), *(truths.apart for truths in found)])
    difficulty = np.array([truths.difficulty for truths in found])
    per_image = np.array([len(truths.kind) for truths in found], dtype=np.int64)
    image_of = np.repeat(np.arange(len(found)), per_image)
    first = np.cumsum(np.append(0, per_image))
    tool = marks.kind - 1
    joined = np.flatnonzero(owner >= 0)
    of_truth = (owner + first[marks.image])[joined]
    tools = np.zeros((looks, kinds, kinds), np.float32)
    np.add.at(tools, (look[joined], kind_of[of_truth], tool[joined]), 1)
    noise = np.zeros((looks, kinds), np.float32)
    np.add.at(noise, (look, tool), owner < 0)
    classes = np.zeros((len(found), kinds, visibilities), np.float32)
    np.add.at(classes, (image_of, kind_of, seen_as), 1)
    of_class = np.zeros((looks, kinds, visibilities), np.float32)
    images, first_look = np.unique(marks.look_image, return_index=True)
    of_class[first_look] = classes[images]
    hit = np.zeros((looks, visibilities), np.float32)
    np.add.at(hit, (look[joined], seen_as[of_truth]), 1)
    return Tally(
        np.bincount(look, minlength=looks).astype(np.float32),
        classes.sum(axis=1)[marks.look_image],
        hit,
        np.bincount(look, apart**4 / difficulty[marks.image], looks).astype(np.float32),
        tools,
        noise,
        of_class,
    )
