"""How far the alternation of truths and skills has come, as arrays and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.marks import Marks
from clumpscope.stages.consensus.model import Skills
from clumpscope.stages.consensus.truths import Truths

Arrays = dict[str, NDArray[np.generic]]
_SKILLS = ("false_positive", "false_negative", "variance", "confusion", "classes", "noise")
_OF_TRUTHS = ("xyxy", "kind", "visibility")
_OF_MARKS = ("owner", "apart")
_OF_IMAGE = ("difficulty", "cost")


@dataclass(frozen=True, eq=False)
class Rounds:
    """State after some rounds: truths of each image, skills, and the cost after each round."""

    found: list[Truths]
    skills: Skills
    costs: list[float] = field(default_factory=list)

    def arrays(self) -> Arrays:
        """All of it as arrays by name; `of` makes the same of them again."""
        joined = {
            name: np.concatenate([np.asarray(getattr(one, name)) for one in self.found])
            for name in (*_OF_TRUTHS, *_OF_MARKS)
        }
        of_image = {
            name: np.array([getattr(one, name) for one in self.found], dtype=float)
            for name in _OF_IMAGE
        }
        skills = {name: np.asarray(getattr(self.skills, name)) for name in _SKILLS}
        return {
            "truths": np.array([len(one.kind) for one in self.found], dtype=np.int64),
            **joined,
            **of_image,
            **skills,
            "means": np.array(self.skills.means),
            "costs": np.array(self.costs, dtype=float),
        }

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], marks: Marks) -> "Rounds":
        """The state that `arrays` made into arrays, for the same marks.

        Raises
        ------
        KeyError, ValueError
            If they are not those of these marks.
        """
        truths, (_, at) = np.cumsum(arrays["truths"]), marks.slices()
        if len(truths) != len(marks) or len(arrays["owner"]) != at[-1]:
            raise ValueError("of other marks")
        parts = {
            **{name: np.split(arrays[name], truths[:-1]) for name in _OF_TRUTHS},
            **{name: np.split(arrays[name], at[1:-1]) for name in _OF_MARKS},
            **{name: arrays[name].tolist() for name in _OF_IMAGE},
        }
        found = [Truths(**{name: parts[name][i] for name in parts}) for i in range(len(marks))]
        first, second, third = arrays["means"].tolist()
        skills = Skills(**{name: arrays[name] for name in _SKILLS}, means=(first, second, third))
        return cls(found, skills, arrays["costs"].tolist())
