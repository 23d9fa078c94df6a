"""One file on its way: its part on the disk, gone on with where it broke off."""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from clumpscope.config.services import MannersConfig
from clumpscope.net.faults import (
    RefusedError,
    TryAgainError,
    WrongSizeError,
    check_no_page,
    check_status,
)

Progress = Callable[[int, int], None]  # is told the bytes that are here and the bytes in all

_PARTIAL, _RANGE_REFUSED = 206, 416
_NUMBER = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18}|\*)")
_NO_RANGE = re.compile(r"bytes \*/([0-9]{1,18})")


class Transfer:
    """A part that grows attempt by attempt.

    Parameters
    ----------
    part
        The file to write.
    most
        Bytes beyond which it is refused.
    size
        Its bytes, where they are known.
    progress
        Is told of each piece, where the size is known.
    manners
        How slow a transfer may be.
    closed
        Set when it shall end.
    """

    def __init__(
        self,
        part: Path,
        most: int,
        size: int | None,
        progress: Progress | None,
        manners: MannersConfig,
        closed: threading.Event,
    ) -> None:
        self.part = part
        self._most, self._size = (most if size is None else size), size
        self._progress = progress
        self._manners, self._closed = manners, closed
        self._version = ""  # of the file that the part is of, as the host marks it

    def begin(self) -> int:
        """Bytes that are here; a part that is too long is none."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        here = self.part.stat().st_size if self.part.exists() else 0
        if here > self._most:
            self.part.unlink()
            here = 0
        return here

    @property
    def complete(self) -> bool:
        """Whether all bytes are known to be here."""
        return self.begin() == self._size

    def headers(self) -> dict[str, str]:
        """What to ask for: the rest, of the same version."""
        headers = {"Accept-Encoding": "identity"}
        here = self.begin()
        if here:
            headers["Range"] = f"bytes={here}-"
            if self._version:
                headers["If-Range"] = self._version
        return headers

    def take(self, response: httpx.Response) -> None:
        """Write what comes.

        Raises
        ------
        TryAgainError, RefusedError, WrongSizeError, httpx.TransportError
            If it breaks off, is no part of this file, or too long.
        """
        here = self.begin()
        if _whole_at(response, here):
            return
        start, total = self._extent(response)
        if start not in (0, here):
            self.part.unlink()
            raise TryAgainError(f"asked for bytes from {here}, got them from {start}")
        if total is not None and (total > self._most or self._size not in (None, total)):
            self._refuse(total)
        etag = response.headers.get("ETag", "")
        strong = etag.startswith('"')
        self._version = etag if strong else response.headers.get("Last-Modified", "")
        done = self._write(response, start)
        wanted = total if self._size is None else self._size
        if wanted is not None and done < wanted:  # of a server that ends without a word
            raise TryAgainError(f"the connection ended after {done} of {wanted} bytes")

    def _write(self, response: httpx.Response, start: int) -> int:
        done, begun = start, time.monotonic()
        slowest = 1000 * self._manners.least_kb_per_s
        with self.part.open("ab" if start else "wb") as file:
            for chunk in response.iter_raw():  # as it comes: gathered chunks are lost in a break
                if done == 0:
                    check_no_page(response, chunk)
                done += len(chunk)
                if done > self._most:
                    break
                file.write(chunk)
                if self._progress is not None and self._size is not None:
                    self._progress(done, self._size)
                if self._closed.is_set():
                    raise RefusedError("the command is ending")
                seconds = time.monotonic() - begun
                if seconds > self._manners.timeout_s and done - start < slowest * seconds:
                    raise TryAgainError(f"too slow: {done - start} bytes in {seconds:.0f} s")
        if done > self._most:
            self._refuse(f"at least {done}")
        return done

    def _extent(self, response: httpx.Response) -> tuple[int, int | None]:
        """Read an answer's first byte, and the size of the whole file where the server says it."""
        if response.status_code == _RANGE_REFUSED:
            self.part.unlink(missing_ok=True)
            raise TryAgainError(f"the server answered {_RANGE_REFUSED} {response.reason_phrase}")
        check_status(response)
        if response.status_code == _PARTIAL:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if found is None:
                raise TryAgainError("the server did not say which part it sends")
            return int(found[1]), None if found[2] == "*" else int(found[2])
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if _NUMBER.fullmatch(length) else None

    def _refuse(self, got: object) -> None:
        self.part.unlink(missing_ok=True)
        if self._size is not None:
            raise WrongSizeError(str(got))
        raise RefusedError(f"expected at most {self._most} bytes, got {got}")


def _whole_at(response: httpx.Response, here: int) -> bool:
    """Whether a server says that there is nothing after the bytes that are here."""
    said = _NO_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    refused = response.status_code == _RANGE_REFUSED
    return refused and said is not None and int(said[1]) == here
