"""Target lists of names: positions from Sesame, each asked for once."""

from collections.abc import Iterable

import numpy as np
from astropy.table import Table

from clumpscope.config.services import ServicesConfig
from clumpscope.core.columns import DEC_NAMES, ID_NAMES, RA_NAMES
from clumpscope.errors import DownloadError, TableError, expected_got
from clumpscope.models.registry import cache_folder
from clumpscope.net.client import Client
from clumpscope.net.names import position_of
from clumpscope.ops.columns import by_name, words
from clumpscope.ops.ids import mended
from clumpscope.store.journal import Journal

_NAMED = ("name", "object", "objectname", "target", *ID_NAMES)


def name_column(table: Table) -> str | None:
    """The column of names of a table without positions; ``None`` if it has positions, or none."""
    theirs = by_name(table.colnames)
    if any(name in theirs for name in RA_NAMES) or any(name in theirs for name in DEC_NAMES):
        return None
    return next((theirs[name] for name in _NAMED if name in theirs), None)


def resolved(
    table: Table, column: str, services: ServicesConfig, where: object
) -> tuple[Table, dict[str, str]]:
    """The rows whose names are known, with positions; and why the others are not, by id.

    Raises
    ------
    TableError
        If none is known.
    DownloadError
        If nobody answers.
    """
    names = [" ".join(name.split()) for name in words(table[column])]
    found, lost, unheard = _ask(names, services)
    if unheard is not None and not found:
        remedy = "without a network give positions, ra and dec"
        raise DownloadError(f"{where}: {unheard}; {remedy}") from unheard
    rows = [row for row, name in enumerate(names) if name in found]
    if not rows:
        why = next(iter(lost.values()), "no names")
        raise TableError(expected_got(f"{where}: column {column}", "names of objects", why))
    kept = table[rows]
    for number, axis in enumerate(("ra", "dec")):
        kept[axis] = np.array([found[names[row]][number] for row in rows])
    return kept, {mended(name): why for name, why in lost.items()}


def _ask(
    names: Iterable[str], services: ServicesConfig
) -> tuple[dict[str, tuple[float, float]], dict[str, str], DownloadError | None]:
    folder = cache_folder() / "surveys"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "names.jsonl")
    found = {entry["name"]: (entry["ra"], entry["dec"]) for entry in journal.read()}
    lost = {}
    unheard: DownloadError | None = None
    with Client(services.manners) as client:
        for name in dict.fromkeys(names):
            if name in found:
                continue
            try:
                position = position_of(client, services.sesame, name)
            except DownloadError as error:
                lost[name], unheard = str(error), error
                continue
            if position is None:
                lost[name] = expected_got("name", "one that Sesame knows", repr(name))
            else:
                found[name] = position
                journal.add({"name": name, "ra": position[0], "dec": position[1]})
    return found, lost, unheard
