"""The way to the network: few requests a host, patient, resumed, each body checked."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakSet

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity import wait_random_exponential as random_exponential

from clumpscope.config.services import MannersConfig
from clumpscope.net.faults import (
    RefusedError,
    TryAgainError,
    check_no_page,
    check_status,
    retry_after,
)
from clumpscope.net.secret import Credentials
from clumpscope.net.transfer import Progress, Transfer

Check = Callable[[Path], None]  # raises TryAgainError if a file is not what it should be
Params = Iterable[tuple[str, str]]
R = TypeVar("R")

FAULTS = (TryAgainError, RefusedError, httpx.HTTPError, httpx.InvalidURL)
_MOST_MOVES = 5
_MOST_TEXT = 20_000_000  # bytes
_LOST = 3  # files in a row that a host did not give: it is down


class Client:
    """Asks hosts for files and texts; may be used from several threads.

    Parameters
    ----------
    manners
        Bounds of requests, attempts and pauses.
    credentials
        Told to the host that they are for, and to no other, wherever it redirects to.
    """

    def __init__(
        self, manners: MannersConfig | None = None, credentials: Iterable[Credentials] = ()
    ) -> None:
        self.manners = manners or MannersConfig()
        self._credentials = tuple(credentials)
        timeout = httpx.Timeout(self.manners.timeout_s, pool=None)
        self._http = httpx.Client(timeout=timeout, follow_redirects=False)
        self._lock = threading.Lock()
        self._turns: dict[str, threading.BoundedSemaphore] = {}
        self._quiet: dict[str, float] = {}  # host → when it may be asked again
        self._lost: dict[str, int] = {}  # host → files in a row that it did not give
        self._closed = threading.Event()
        self._sockets: WeakSet[socket.socket] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all transfers and pauses, those of other threads too."""
        self._closed.set()
        for one in list(self._sockets):  # to close them would wake up nobody who reads
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._http.close()

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the sockets of connections as they are made."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._sockets.add(info["return_value"].get_extra_info("socket"))

    def text(
        self, url: str, params: Params = (), check: Callable[[str], object] = lambda _: None
    ) -> str:
        """A short answer as text; what ``check`` refuses by a `TryAgainError` is asked for again.

        Raises
        ------
        TryAgainError, RefusedError, httpx.HTTPError, httpx.InvalidURL
            If it cannot be had: `FAULTS`.
        """
        return self._patiently(self._text, _address(url, params), check)

    def bring(
        self,
        url: str,
        whole: Path,
        check: Check,
        *,
        params: Params = (),
        most: int,
        size: int | None = None,
        proven: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Bring a file; it has the name of a part until it is whole and checked.

        A transfer that breaks off goes on where it stopped, if the host can do that.

        Parameters
        ----------
        check
            Is given the whole part; what it refuses is deleted, and asked for again.
        most
            Bytes beyond which a file is refused.
        size
            Its bytes, where they are known.
        proven
            Whether the check finds out a file put together from two: then the part that
            another call left is gone on with, too.

        Raises
        ------
        WrongSizeError
            If it is of another size than ``size``.
        TryAgainError, RefusedError, httpx.HTTPError, httpx.InvalidURL
            If it cannot be had: `FAULTS`.
        OSError
            If it cannot be written.
        """
        part = whole.with_name(f"{whole.name}.part")
        if not proven:
            part.unlink(missing_ok=True)
        transfer = Transfer(part, most, size, progress, self.manners, self._closed)
        self._patiently(self._bring, _address(url, params), transfer, check)
        part.replace(whole)

    def _patiently(self, ask: Callable[..., R], url: httpx.URL, *more: object) -> R:
        """Ask until an answer can be used, or there is no more hope."""
        manners, host = self.manners, url.host
        longest = manners.longest_pause_s
        # A host that is down is asked once for each of the other files.
        attempts = 1 if self._lost.get(host, 0) >= _LOST else manners.attempts
        stop, drawn = stop_after_attempt(attempts), random_exponential(manners.pause_s, longest)

        def hopeless(state: RetryCallState) -> bool:
            return self._closed.is_set() or (_asked_pause(state) or 0.0) > longest

        def pause(state: RetryCallState) -> float:
            return max(_asked_pause(state) or 0.0, drawn(state))

        attempt = Retrying(
            stop=lambda state: stop(state) or hopeless(state),
            wait=pause,
            sleep=self._rest,
            retry=retry_if_exception_type((TryAgainError, httpx.TransportError)),
            reraise=True,
        )
        try:
            answer: R = attempt(ask, url, *more)
        except (TryAgainError, httpx.TransportError):
            with self._lock:
                self._lost[host] = self._lost.get(host, 0) + 1
            raise
        except RefusedError:
            self._lost[host] = 0  # it answers
            raise
        self._lost[host] = 0
        return answer

    def _rest(self, seconds: float) -> None:
        self._closed.wait(seconds)

    def _text(self, url: httpx.URL, check: Callable[[str], object]) -> str:
        with self._answer(url, {}) as response:
            check_status(response)
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MOST_TEXT:
                    raise RefusedError(f"the answer is longer than {_MOST_TEXT} bytes")
            check_no_page(response, bytes(body))
        text = body.decode("utf-8", "replace")
        check(text)
        return text

    def _bring(self, url: httpx.URL, transfer: Transfer, check: Check) -> None:
        if not transfer.complete:
            with self._answer(url, transfer.headers()) as response:
                transfer.take(response)
        try:
            check(transfer.part)
        except TryAgainError:
            transfer.part.unlink(missing_ok=True)
            raise

    @contextmanager
    def _answer(self, url: httpx.URL, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The answer to a request, after redirects: a few, to the network, never less secure."""
        seen: set[httpx.URL] = set()
        while url not in seen and len(seen) <= _MOST_MOVES:
            seen.add(url)
            signed = httpx.Headers(headers)
            for one in self._credentials:
                signed.update(one.header(url))
            asked = self._http.build_request(
                "GET", url, headers=signed, extensions={"trace": self._watch}
            )
            with self._turn(url.host), closing(self._http.send(asked, stream=True)) as response:
                if not response.has_redirect_location:
                    self._heed(url.host, response)
                    yield response
                    return
                url = _moved(url, response.headers["Location"])
        raise TryAgainError("it redirects in a circle, or too often")

    def _heed(self, host: str, response: httpx.Response) -> None:
        """Leave a host in peace for as long as it asks for."""
        after = 0.0 if response.is_success else retry_after(response.headers) or 0.0
        if 0 < after <= self.manners.longest_pause_s:
            self._quiet[host] = max(self._quiet.get(host, 0.0), time.monotonic() + after)

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        """Wait for one of the few requests that a host is asked at a time, and until it may be."""
        with self._lock:
            turn = self._turns.setdefault(host, threading.BoundedSemaphore(self.manners.at_once))
        with turn:
            self._closed.wait(max(0.0, self._quiet.get(host, 0.0) - time.monotonic()))
            if self._closed.is_set():
                raise RefusedError("the command is ending")
            yield


def _asked_pause(state: RetryCallState) -> float | None:
    error = None if state.outcome is None else state.outcome.exception()
    return error.after if isinstance(error, TryAgainError) else None


def _address(url: str, params: Params) -> httpx.URL:
    address = httpx.URL(url)
    if address.scheme not in ("http", "https") or not address.host:
        raise RefusedError(f"expected an address of http or https, got {url}")
    for name, value in params:
        address = address.copy_add_param(name, value)
    return address


def _moved(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads; never to files, nor from https to http."""
    target = url.join(location)  # httpx has refused what is no address
    if target.scheme not in ("http", "https") or not target.host:
        raise TryAgainError(f"it redirects to {target.scheme}:, expected http or https")
    if (url.scheme, target.scheme) == ("https", "http"):
        raise TryAgainError("it redirects from https to http")
    if target.userinfo:
        raise TryAgainError("it redirects to an address with a user's name")
    return target
