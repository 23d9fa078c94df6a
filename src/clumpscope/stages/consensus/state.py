"""What a project knows of its volunteers, as a table to go on from."""

from dataclasses import fields, replace

import numpy as np
from astropy.table import QTable

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Export, Kind
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.consensus.aggregate import Tally
from clumpscope.stages.consensus.model import Counts

# Numbers of a look in the state, one column or several each.
_NUMBERS = tuple(item.name for item in fields(Tally))


def state_of(export: Export, tally: Tally) -> QTable:
    """What each look said, one row a look."""
    marks, c = export.marks, tally.noise.shape[1]
    missing = len(Kind) - c  # kinds of which there are no marks
    whole = tally
    if missing:
        whole = replace(
            tally,
            tools=np.pad(tally.tools, ((0, 0), (0, missing), (0, missing))),
            noise=np.pad(tally.noise, ((0, 0), (0, missing))),
            classes=np.pad(tally.classes, ((0, 0), (0, missing), (0, 0))),
        )
    # As objects, of which each name is there once: a project has millions of looks.
    columns: dict[str, object] = {
        "galaxy_id": marks.images.astype(object)[marks.look_image],
        "volunteer": marks.volunteers.astype(object)[marks.look_volunteer],
    }
    for name in _NUMBERS:
        values = getattr(whole, name).reshape(len(marks.look_image), -1)
        columns |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
    return QTable(columns, copy=False)


def known_of(table: QTable, where: object, export: Export, config: ConsensusConfig) -> Counts:
    """What the state says of this export's volunteers; of the others only the kinds count."""
    names = export.marks.volunteers
    number = {name: k for k, name in enumerate(names.tolist())}
    who = np.array([number.get(str(name), len(names)) for name in table["volunteer"]], dtype=int)
    c, h = len(Kind), len(config.visibility)
    shapes = {"truths": (h,), "found": (h,), "tools": (c, c), "noise": (c,), "classes": (c, h)}

    def numbers(name: str) -> np.ndarray:
        columns = {column for column in table.colnames if column.startswith(f"{name}_")}
        shape = shapes.get(name, ())
        wanted = [f"{name}_{k}" for k in range(np.prod(shape, dtype=int))]
        if columns != set(wanted):
            expected = f"{len(wanted)} columns {name}_* (recipe: visibility)"
            got = len(columns) if len(columns) != len(wanted) else ", ".join(sorted(columns))
            raise TableError(expected_got(where, expected, got))
        values = [plain(table, column) for column in wanted]
        return np.column_stack(values).reshape(len(table), *shape)

    looks = Tally(**{name: numbers(name) for name in _NUMBERS})
    for name, more in (
        ("marks", looks.found.sum(axis=1) > looks.marks),
        ("truths", (looks.found > looks.truths).any(axis=1)),
    ):
        if more.any():
            place = f"{where}, row {more.argmax() + 1}"
            raise TableError(expected_got(place, f"found_* of at most {name}_*", "more"))
    used = looks.classes.sum(axis=(0, 2)) + looks.noise.sum(axis=0) > 0
    kinds = max(int(export.marks.kind.max(initial=1)), *(np.flatnonzero(used) + 1), 1)
    every = looks.counts(who, len(names) + 1)
    mine = ("marks", "false", "truths", "found", "squares")
    return Counts(
        **{name: getattr(every, name)[:-1] for name in mine},
        tools=every.tools[:-1, :kinds, :kinds],
        classes=every.classes[:kinds],
        noise=every.noise[:kinds],
    )
