"""What goes wrong in a transfer: what may be tried again, and what is said of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_BUSY = {408, 425, 429, 500, 502, 503, 504}
_UNKNOWN_USER, _ABSENT = (401, 403), (404, 410)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_PAGE = (b"<!doctype html", b"<html")


class TryAgainError(Exception):
    """A transfer broke off, or brought what cannot be used; another attempt may succeed.

    Attributes
    ----------
    after
        Seconds that the host asked to wait; ``None`` if it said nothing.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class RefusedError(Exception):
    """The host, or what it sends, will be no other the next time."""


class AbsentError(RefusedError):
    """The host says that there is no such thing."""


class WrongSizeError(RefusedError):
    """A file of known size came with another."""


def told(error: Exception) -> str:
    """What to say of an error of a transfer."""
    text = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return f"nothing came in time ({type(error).__name__})"
    return text


def check_status(response: httpx.Response) -> None:
    """Raise for a status that is no success.

    Raises
    ------
    TryAgainError
        If the host is busy, or fails.
    RefusedError
        If it has no such thing, or does not give it.
    """
    status = response.status_code
    if response.is_success:
        return
    said = f"the server answered {status} {response.reason_phrase}".rstrip()
    if status in _BUSY or status >= 500:
        raise TryAgainError(said, retry_after(response.headers))
    if status in _ABSENT:
        raise AbsentError(said)
    if status in _UNKNOWN_USER:
        said += ": it does not know this user, or lets her not have it"
    raise RefusedError(said)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks to wait: a number, or until a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def check_no_page(response: httpx.Response, start: bytes) -> None:
    """Raise if what begins with ``start`` is a web page, as busy archives send for a file.

    Raises
    ------
    TryAgainError
        With the page's title.
    """
    head = start[:4096].lstrip()
    html = response.headers.get("Content-Type", "").lower().startswith("text/html")
    if not html and not head.lower().startswith(_PAGE):
        return
    title = _TITLE.search(head)
    name = "" if title is None else " ".join(title[1].decode("ascii", "replace").split())[:80]
    raise TryAgainError(f"the server sent a web page for a file{f', {name!r}' if name else ''}")
