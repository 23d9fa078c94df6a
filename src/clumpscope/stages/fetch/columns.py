"""Columns of a user's target list: which are taken for which of ours."""

from collections.abc import Iterable, Mapping

from clumpscope.core.columns import DEC_NAMES, RA_NAMES, simplified
from clumpscope.core.records import HOSTS

# Numbers that a list may give; what `fetch` finds doubtful of a host is its own.
GIVEN = [spec for spec in HOSTS if spec.dtype != "str" and spec.name != "flags"]
_NAMES = {
    **{spec.name: (simplified(spec.name),) for spec in GIVEN},
    "ra": RA_NAMES,
    "dec": DEC_NAMES,
}
_MAGNITUDES = ("u", "g", "r", "i")
_TOLD = 12


def host_columns(theirs: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Our columns of `HOSTS`, ids apart, with their name in the list; and notes for the user.

    A column ``z`` is the redshift if there is no other, unless magnitudes stand beside it.
    """
    found = {
        ours: next(theirs[name] for name in names if name in theirs)
        for ours, names in _NAMES.items()
        if any(name in theirs for name in names)
    }
    notes = []
    if "z" in theirs and "redshift" not in found:
        beside = magnitudes_beside(theirs)
        if not beside:
            found["redshift"] = theirs["z"]
        else:
            notes.append(
                f"{theirs['z']} beside {', '.join(beside)} is taken for a magnitude; "
                "name the column redshift if it is one"
            )
    others = [f"{ours} from {name}" for ours, name in found.items() if name.lower() != ours]
    if others:
        notes.append(f"taken: {', '.join(others)}")
    return found, notes


def magnitudes_beside(theirs: Mapping[str, str]) -> list[str]:
    """Columns of magnitudes that make ``z`` one, too; none where it is a redshift."""
    beside = [theirs[band] for band in _MAGNITUDES if band in theirs]
    return beside if len(beside) >= 2 else []


def listed(items: Iterable[str]) -> str:
    """The first dozen, and how many more."""
    items = list(items)
    more = f" and {len(items) - _TOLD} more" if len(items) > _TOLD else ""
    return ", ".join(items[:_TOLD]) + more
