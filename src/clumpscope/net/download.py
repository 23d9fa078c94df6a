"""Files from the network: resumed where they broke off, bounded, checked by hash."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from clumpscope.errors import DownloadError, ModelError, StoreError, expected_got
from clumpscope.store.manifest import sha256_file

Progress = Callable[[int, int], None]  # is told the bytes that are here and the bytes in all

_ATTEMPTS = 5
_PAUSE = 0.5  # seconds before the second attempt; doubles
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_OK, _PARTIAL, _RANGE_REFUSED = 200, 206, 416
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _TryAgainError(Exception):
    """The download broke off; what came so far is kept."""


def download(
    url: str, whole: Path, size: int, sha256: str, advice: str, progress: Progress | None = None
) -> None:
    """Bring a file of known size and hash; a part of it has another name until it is whole.

    A broken download goes on from where it stopped, in this call or the next.

    Parameters
    ----------
    whole
        File to write.
    size
        Its bytes.
    sha256
        Its hash, as hex.
    advice
        What else a user can do, for the message of a failure.

    Raises
    ------
    ModelError
        If the file that came is of another size or hash; it is deleted.
    DownloadError
        If it cannot be had.
    StoreError
        If it cannot be written.
    """
    part = whole.with_name(f"{whole.name}.part")
    attempts = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=_PAUSE, max=10),
        retry=retry_if_exception_type((_TryAgainError, httpx.TransportError)),
        reraise=True,
    )
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if whole.exists():  # of a call that ended before it was used
            whole.replace(part)
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
            attempts(_go_on, client, url, part, size, progress)
        found = sha256_file(part)
        if found != sha256:
            part.unlink()
            raise ModelError(
                expected_got(f"download of {url}", f"sha256 {sha256}", found)
                + "; the file was deleted"
            )
        part.replace(whole)
    except (_TryAgainError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(f"cannot download {url}: {_reason(error)}. {advice}") from error
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror or error}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return str(error) or type(error).__name__


def _go_on(
    client: httpx.Client, url: str, part: Path, size: int, progress: Progress | None
) -> None:
    """One attempt to bring ``part`` to ``size`` bytes."""
    here = part.stat().st_size if part.exists() else 0
    if here == size:
        return
    if here > size:
        part.unlink()
        here = 0
    headers = {"Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
    with client.stream("GET", url, headers=headers) as response:
        start, total = _extent(response, part)
        if start not in (0, here):
            part.unlink()
            raise _TryAgainError(f"asked for bytes from {here}, got them from {start}")
        if total not in (None, size):
            _refuse(url, part, size, total)
        with part.open("ab" if start else "wb") as file:
            done = start
            for chunk in response.iter_raw():  # as it comes: gathered chunks are lost in a break
                done += len(chunk)
                if done > size:
                    break
                file.write(chunk)
                if progress is not None:
                    progress(done, size)
    if done > size:
        _refuse(url, part, size, f"at least {done}")
    if done < size:  # of a server that does not say how long its answer is
        raise _TryAgainError(f"the connection ended after {done} of {size} bytes")


def _extent(response: httpx.Response, part: Path) -> tuple[int, int | None]:
    """Read an answer's first byte, and the size of the whole file where the server says it."""
    status = response.status_code
    if status == _RANGE_REFUSED:
        part.unlink(missing_ok=True)
    if status in _BUSY or status == _RANGE_REFUSED:
        raise _TryAgainError(f"the server answered {status} {response.reason_phrase}")
    if status == _OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if status == _PARTIAL:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise _TryAgainError("the server did not say which part it sends")
        return int(found[1]), None if found[2] == "*" else int(found[2])
    response.raise_for_status()
    raise httpx.HTTPStatusError(
        f"the server answered {status} {response.reason_phrase}",
        request=response.request,
        response=response,
    )


def _refuse(url: str, part: Path, size: int, got: object) -> None:
    part.unlink(missing_ok=True)
    raise ModelError(expected_got(f"download of {url}", f"{size} bytes", got))
