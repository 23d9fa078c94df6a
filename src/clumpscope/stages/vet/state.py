"""What one person has decided of a box, or of a galaxy, and what an action makes of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from clumpscope.core.boxes import Label
from clumpscope.core.printable import printable
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import real, said, whole

Corners = tuple[float, float, float, float]

UNDECIDED, ACCEPTED, REJECTED = "undecided", "accepted", "rejected"
STATES = (UNDECIDED, ACCEPTED, REJECTED)
SOURCES = ("model", "drawn")
OF_BOX = ("accept", "reject", "label", "move", "draw", "delete", "comment")
OF_GALAXY = ("comment", "nothing_missed", "skip")
ACTIONS = tuple(dict.fromkeys([*OF_BOX, *OF_GALAXY, "undo", "redo"]))
MOST_COMMENT = 2000  # characters
_LEAST_PX = 1.0  # side of a box
_FARTHEST = 1.0  # outside the image, in its sides


@dataclass(frozen=True)
class BoxState:
    """A box as one person has it.

    Attributes
    ----------
    source
        Whose box it is, of `SOURCES`.
    state
        One of `STATES`.
    label
        `Label` that was decided; 0 undecided.
    comment
        As it was written.
    box
        x1, y1, x2, y2 as fractions of the image.
    origin
        The same of the box as it was found or drawn, by which it is known in a run made anew.
    shape
        (ny, nx) of the image.
    deleted
        Whether the person who drew it took it away.
    drawn_by
        Who drew it; empty: nobody, or it is not known.
    """

    source: str
    box: Corners
    origin: Corners
    shape: tuple[int, int]
    state: str = UNDECIDED
    label: int = 0
    comment: str = ""
    deleted: bool = False
    drawn_by: str = ""

    @property
    def px(self) -> Corners:
        """The box in native pixels."""
        ny, nx = self.shape
        x1, y1, x2, y2 = self.box
        return x1 * nx - 0.5, y1 * ny - 0.5, x2 * nx - 0.5, y2 * ny - 0.5

    @property
    def decided(self) -> bool:
        """Whether it is accepted or rejected."""
        return self.state != UNDECIDED

    def plain(self) -> dict[str, Any]:
        """The state as JSON has it, with the box in native pixels, too."""
        lists = {name: list(getattr(self, name)) for name in ("box", "origin", "shape")}
        return {**asdict(self), **lists, "px": [round(value, 4) for value in self.px]}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The state that `plain` gave.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            ny, nx = (whole(side, 1, 10**6) for side in given["shape"])
            found = cls(
                source=str(given["source"]),
                box=_corners(given["box"]),
                origin=_corners(given["origin"]),
                shape=(ny, nx),
                state=str(given["state"]),
                label=whole(given["label"], 0, 2),
                comment=str(given["comment"]),
                deleted=bool(given["deleted"]),
                drawn_by=str(given.get("drawn_by", "")),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the state of a box: {error}") from None
        if found.state not in STATES or found.source not in SOURCES:
            raise ValueError(f"not the state of a box: {said(found.state)} {said(found.source)}")
        return found


@dataclass(frozen=True)
class GalaxyState:
    """What a person says of a whole galaxy."""

    nothing_missed: bool = False
    skipped: bool = False
    comment: str = ""

    def plain(self) -> dict[str, Any]:
        """The state as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The state that `plain` gave.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            return cls(bool(given["nothing_missed"]), bool(given["skipped"]), str(given["comment"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the state of a galaxy: {error}") from None


def drawn_box(value: object, shape: tuple[int, int], by: str = "") -> BoxState:
    """A box that a person draws: ``value`` has x1, y1, x2, y2 (native pixels) and a label.

    Raises
    ------
    TableError
        If it is none.
    """
    given = value if isinstance(value, Mapping) else {}
    box = _drawn(given, shape)
    label = _label(given.get("label", int(Label.CLUMP)))
    return BoxState("drawn", box, box, shape, ACCEPTED, label, drawn_by=by)


def changed_box(before: BoxState, action: str, value: object, found_label: int = 0) -> BoxState:
    """What an action of `OF_BOX` makes of a box, "draw" apart.

    A label or a move says that the box is a clump, so both accept it.

    Parameters
    ----------
    value
        "label": 1 or 2; "accept": the same, or nothing for ``found_label``; "move": x1, y1, x2, y2
        in native pixels; "comment": text.
    found_label
        What the model, or whoever drew it, calls it.

    Raises
    ------
    TableError
        If the value does not fit, or the action is none of a box.
    """
    if action in ("accept", "label"):
        known = before.label or found_label or int(Label.CLUMP)
        label = known if value is None and action == "accept" else _label(value)
        return replace(before, state=ACCEPTED, label=label, deleted=False)
    if action == "reject":
        return replace(before, state=REJECTED)
    if action == "move":
        label = before.label or found_label or int(Label.CLUMP)
        return replace(before, box=_drawn(value, before.shape), state=ACCEPTED, label=label)
    if action == "comment":
        return replace(before, comment=comment_of(value))
    if action == "delete":
        if before.source != "drawn":
            raise TableError(expected_got("delete", "a box that was drawn", before.source))
        return replace(before, deleted=True)
    raise TableError(expected_got("action on a box", ", ".join(OF_BOX), said(action)))


def changed_galaxy(before: GalaxyState, action: str, value: object) -> GalaxyState:
    """What an action of `OF_GALAXY` makes of what a person says of a galaxy.

    Raises
    ------
    TableError
        If the value does not fit, or the action is none of a galaxy.
    """
    if action == "comment":
        return replace(before, comment=comment_of(value))
    if action not in OF_GALAXY:
        raise TableError(expected_got("action on a galaxy", ", ".join(OF_GALAXY), said(action)))
    if not isinstance(value, bool):
        raise TableError(expected_got(action, "true or false", said(value)))
    if action == "skip":
        return replace(before, skipped=value)
    return replace(before, nothing_missed=value)


def comment_of(value: object) -> str:
    """A comment that may be kept.

    Raises
    ------
    TableError
        If it is no text, or too long.
    """
    if not isinstance(value, str) or len(value) > MOST_COMMENT:
        got = f"{len(value)} characters" if isinstance(value, str) else said(value)
        raise TableError(expected_got("comment", f"at most {MOST_COMMENT} characters", got))
    return printable(value)


def _label(value: object) -> int:
    try:
        return whole(value, int(Label.CLUMP), int(Label.ODD))
    except ValueError:
        raise TableError(expected_got("label", "1 or 2", said(value))) from None


def _corners(given: object) -> Corners:
    x1, y1, x2, y2 = (real(value) for value in given)  # type: ignore[attr-defined]
    return x1, y1, x2, y2


def _drawn(value: object, shape: tuple[int, int]) -> Corners:
    """Fractions of a box that is given in native pixels."""
    given = value if isinstance(value, Mapping) else {}
    try:
        x1, y1, x2, y2 = (real(given.get(name)) for name in ("x1", "y1", "x2", "y2"))
    except ValueError as error:
        raise TableError(f"box x1, y1, x2, y2: {error}") from None
    ny, nx = shape
    if x2 - x1 < _LEAST_PX or y2 - y1 < _LEAST_PX:
        expected = f"a box at least {_LEAST_PX:g} px wide and high"
        raise TableError(expected_got("box", expected, f"{x2 - x1:g} × {y2 - y1:g}"))
    box = ((x1 + 0.5) / nx, (y1 + 0.5) / ny, (x2 + 0.5) / nx, (y2 + 0.5) / ny)
    if min(box) < -_FARTHEST or max(box) > 1 + _FARTHEST:
        raise TableError(expected_got("box", "one on or near the image", f"{x1:g}, {y1:g} ..."))
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    if min(middle) < 0 or max(middle) > 1:
        raise TableError(expected_got("box", "its middle on the image", f"{x1:g}, {y1:g} ..."))
    return box
