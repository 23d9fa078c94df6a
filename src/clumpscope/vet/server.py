"""Serves the page on this machine until it is interrupted."""

import errno
import socket
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from clumpscope.errors import StoreError, expected_got
from clumpscope.vet.app import create_app
from clumpscope.vet.blind import Blind
from clumpscope.vet.desk import Desk
from clumpscope.vet.guard import Guard

_WAITING = 128  # connections


def serve(
    desk: Desk | Blind,
    guard: Guard,
    tell: Callable[[str], None],
    *,
    browser: bool = True,
) -> None:
    """Serve until Ctrl-C.

    Parameters
    ----------
    guard
        Its port may be 0: any that is free.
    tell
        Is told the address to open.
    browser
        Whether to open it.

    Raises
    ------
    StoreError
        If nothing can listen there.
    """
    listener = _listener(guard)
    guard = replace(guard, port=listener.getsockname()[1])
    server = uvicorn.Server(_config(create_app(desk, guard)))
    tell(guard.address())
    if browser:
        threading.Thread(target=webbrowser.open, args=(guard.address(),), daemon=True).start()
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has ended in order, and passes it on
        pass
    finally:
        listener.close()
        desk.close()


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        limit_concurrency=200,
    )


def _listener(guard: Guard) -> socket.socket:
    """A socket that listens where the guard says."""
    family = socket.AF_INET6 if ":" in guard.host else socket.AF_INET
    # Named as TCP, else asyncio does not turn off Nagle's delay: 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((guard.host, guard.port))
        listener.listen(_WAITING)
    except OSError as error:
        listener.close()
        where = f"{guard.host}:{guard.port}"
        if error.errno == errno.EADDRINUSE:
            remedy = "choose another --port, or 0 for any"
            raise StoreError(expected_got(where, "a free port", "one in use", remedy)) from None
        raise StoreError(f"cannot listen on {where}: {error.strerror or error}") from error
    return listener
