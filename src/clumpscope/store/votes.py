"""What volunteers answered about the shapes of a sample's galaxies."""

from pathlib import Path

from astropy.table import QTable

from clumpscope.core.questions import ANSWERS
from clumpscope.core.records import VOTES
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import FolderError, TableError, expected_got
from clumpscope.store.tables import read_records

VOTES_FILE = "votes.parquet"
_MOST = 1_000_000  # votes for an answer


def read_votes(folder: Path) -> QTable:
    """Read the votes of a sample.

    Raises
    ------
    StoreError
        If there are none; the message says what makes them.
    TableError
        If a column is missing, a galaxy is there twice, or a number is no count.
    """
    path = folder / VOTES_FILE
    if not path.exists():
        remedy = "`clumpscope simulate` without --hosts writes them with a sample"
        raise FolderError(expected_got(f"sample {folder}", VOTES_FILE, "none", remedy))
    votes = read_records(path, VOTES, required=("galaxy_id", *ANSWERS))
    twice = [name for name, rows in rows_by_id(votes).items() if len(rows) > 1]
    if twice:
        raise TableError(expected_got(f"{path}: galaxy_id", "each once", f"{twice[0]} twice"))
    for name in ANSWERS:
        counts = plain(votes, name)
        bad = counts[(counts < 0) | (counts > _MOST)]
        if len(bad):
            raise TableError(expected_got(f"{path}: {name}", f"0 to {_MOST} votes", int(bad[0])))
    return votes
