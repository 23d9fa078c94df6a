"""Who may ask what: a token, then a cookie; this machine only; writes from our own page only."""

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clumpscope.core.printable import printable
from clumpscope.net.loopback import is_loopback

MOST_BYTES = 64 * 1024  # of a body
MOST_ADDRESS = 4096  # characters of path and query
MOST_NAME = 40  # characters
_COOKIE, _WHO = "clumpscope_vet", "clumpscope_who"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True)
class Guard:
    """What the server lets through.

    Attributes
    ----------
    token
        Whoever has it may come in.
    vetter
        Name of who comes in without another.
    host
        Address that the server listens on; by default this machine's own.
    port
        Port that it listens on: cookies of two servers are apart.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    vetter: str = "me"
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token."""
        return f"{_COOKIE}_{self.port}"

    @property
    def who(self) -> str:
        """Name of the cookie with the vetter's name."""
        return f"{_WHO}_{self.port}"

    def address(self) -> str:
        """Where a browser begins."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        shown = f"[{shown}]" if ":" in shown else shown
        return f"http://{shown}:{self.port}/?token={self.token}"

    def knows(self, token: str) -> bool:
        """Whether a token is ours; it takes as long for any."""
        return secrets.compare_digest(token.encode("utf-8", "replace"), self.token.encode())

    def serves(self, host: str) -> bool:
        """Whether a request names us: another name may be a page that had its own turned to us."""
        name = _name(host)
        if is_loopback(name):
            return True
        return not is_loopback(self.host) and (
            name == self.host or self.host in ("0.0.0.0", "::", "")  # noqa: S104
        )

    def person(self, cookies: Mapping[str, str]) -> str:
        """Who asks, by the cookie; the server's own vetter without one."""
        return _decoded(cookies.get(self.who, "")) or self.vetter


def name_of(given: str) -> str:
    """A person's name as it is kept: on one line, short; empty if nothing is left."""
    return printable(" ".join(given.split()))[:MOST_NAME].strip()


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode("utf-8", "replace")).decode().rstrip("=")


def _decoded(text: str) -> str:
    if not text or len(text) > 8 * MOST_NAME:
        return ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return name_of(raw.decode())
    except (ValueError, binascii.Error):
        return ""


def cookies_of(headers: Headers) -> dict[str, str]:
    """Cookies of a request; none where they cannot be read."""
    try:
        found = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


class Gate:
    """Stands before the application: turns away, or lets through with what headers must say."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused is not None:
            await _answer(sent, *refused)
            return
        query = QueryParams(scope.get("query_string", b"").decode("latin-1"))
        if scope["path"] == "/" and "token" in query:
            await self._enter(sent, query)
            return
        if not self._guard.knows(cookies_of(headers).get(self._guard.cookie, "")):
            told = "open the address that `clumpscope vet` printed: it has the token"
            await _answer(sent, 401, told)
            return
        if scope["method"] in _WRITES:
            body = await _body(receive)
            if body is None:
                await _answer(sent, 413, f"expected at most {MOST_BYTES} bytes")
                return
            receive = _again(body)
        await self._app(scope, receive, sent)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._guard.serves(host):
            return 403, "expected this server's own name as host"
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > MOST_ADDRESS:
            return 413, f"expected an address of at most {MOST_ADDRESS} characters"
        return self._refused_write(scope, headers) if scope["method"] in _WRITES else None

    def _refused_write(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        own = f"{scope.get('scheme', 'http')}://{host}"
        site = headers.get("sec-fetch-site", "same-origin")
        if headers.get("origin", own) != own or site not in ("same-origin", "none"):
            return 403, "expected a request of our own page"
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return 400, "expected a body of application/json"
        size = headers.get("content-length", "0")
        if not (size.isascii() and size.isdigit()) or int(size[:12]) > MOST_BYTES:
            return 413, f"expected at most {MOST_BYTES} bytes"
        return None

    async def _enter(self, send: Send, query: QueryParams) -> None:
        if not self._guard.knows(query["token"]):
            await _answer(send, 401, "expected the token that `clumpscope vet` printed")
            return
        more = "; HttpOnly; SameSite=Strict; Path=/"
        headers = [
            (b"location", b"/"),
            (b"content-length", b"0"),
            (b"set-cookie", f"{self._guard.cookie}={self._guard.token}{more}".encode()),
        ]
        name = name_of(query.get("as", ""))
        if name:
            headers.append((b"set-cookie", f"{self._guard.who}={_encoded(name)}{more}".encode()))
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, status: int, error: str) -> None:
    body = json.dumps({"error": error}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # a body that was not read may follow
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The whole body; ``None`` if it is too long, however it is sent."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    """Give a body that has been read."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive


class Rate:
    """So many a second, and so many at once after a rest."""

    def __init__(self, per_second: float, most: float) -> None:
        self._per_second, self._most = per_second, most
        self._left, self._at = most, time.monotonic()
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Take one, if there is one."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self._most, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
