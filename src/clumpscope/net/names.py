"""Positions of named objects, from Sesame of the CDS."""

import re
from urllib.parse import quote

from clumpscope.errors import DownloadError, expected_got
from clumpscope.net.client import FAULTS, Client
from clumpscope.net.faults import TryAgainError, told

_MOST = 80  # characters of a name
_END = re.compile(r"^#=+ *Done", re.MULTILINE)
_POSITION = re.compile(r"^%J +([0-9.]{1,20}) +([+-]?[0-9.]{1,20})\b", re.MULTILINE)


def position_of(client: Client, sesame: str, name: str) -> tuple[float, float] | None:
    """Position (ICRS, degrees) of an object; ``None`` if no catalogue of Sesame knows it.

    Raises
    ------
    DownloadError
        If Sesame does not answer.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MOST or not name.isprintable():
        return None
    url = f"{sesame}/-oI/SNV?{quote(name, safe='')}"
    try:
        answer = client.text(url, check=_check)
    except FAULTS as error:
        raise DownloadError(f"cannot ask {sesame} for {name}: {told(error)}") from error
    found = _POSITION.search(answer)
    return None if found is None else (float(found[1]), float(found[2]))


def _check(answer: str) -> None:
    if not _END.search(answer):
        got = " ".join(answer.split())[-100:] or "nothing"
        raise TryAgainError(
            expected_got("answer of Sesame", "lines with a last one, #====Done", got)
        )
