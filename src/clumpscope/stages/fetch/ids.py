"""Ids of a target list: made where there are none, each once."""

from collections.abc import Sequence

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError, expected_got


def check_ids(ids: Sequence[str], given: Sequence[str], where: object) -> None:
    """Refuse ids that are empty, too long or there twice; ``given`` is what stood in the list.

    Raises
    ------
    TableError
        It names the rows.
    """
    first: dict[str, int] = {}
    for row, galaxy_id in enumerate(ids):
        try:
            check_galaxy_id(galaxy_id)
        except TableError as error:
            raise TableError(f"{where}: row {row + 1}, {error}") from error
        # Ids become file names, and some file systems do not tell case apart.
        other = first.setdefault(galaxy_id.lower(), row)
        if other != row:
            this, that = (_both(ids, given, one) for one in (row, other))
            raise TableError(
                expected_got(
                    f"{where}: row {row + 1}, galaxy_id",
                    "each id once",
                    f"{this} again: row {other + 1} has {that}",
                )
            )


def _both(ids: Sequence[str], given: Sequence[str], row: int) -> str:
    return ids[row] if ids[row] == given[row] else f"{ids[row]} (from {given[row]!r})"
